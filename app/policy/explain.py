"""A rule as `GET /v1/rules/{code}` serves it: its documentation page is its module's docstring."""

from typing import Any  # Any: a JSON-ready object

from app.policy.rule import Rule


def describe(rule: Rule) -> dict[str, Any]:
    """The fields of the contract: code, title, stage, claims, explanation, thresholds, version."""
    return {
        "code": rule.code,
        "name": rule.name,
        "title": rule.title,
        "stage": rule.stage,
        "claims": list(rule.claims),
        "explanation": rule.explanation.strip(),
        "severity": rule.severity.value,
        "default_binding": rule.default_binding.value,
        "settings": dict(rule.settings),
        "version": rule.version,
        "waivable": rule.is_waivable,
    }
