"""Findings of a planner as any other verdict: no trial or round was looked at."""

from typing import Any  # Any: JSON

from app import wire
from app.domain.recommendations import JudgedVerdict
from app.planning.extension_findings import ScheduleFinding


def finding_answer(found: ScheduleFinding) -> dict[str, Any]:  # Any: JSON
    """The fields of a verdict."""
    judged = found.finding.judged
    verdict = JudgedVerdict(
        code=found.rule.code,
        title=found.rule.title,
        verdict="finding",
        severity=found.severity,
        binding=found.binding,
        message=found.finding.message,
        action=found.finding.action,
        claims=found.rule.claims,
        n_used=judged.n_used,
        rounds_used=(),
        statistic=judged.statistic,
        threshold=judged.threshold,
        interval=judged.interval,
        evidence=dict(judged.evidence),
        missing=(),
        trial_ids=(),
        rule_version=1,
    )
    answer: dict[str, Any] = wire.to_wire(verdict)  # Any: JSON
    return answer
