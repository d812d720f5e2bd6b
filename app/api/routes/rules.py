"""The catalogue of rules: what each detects, why it matters, what to do, and its thresholds."""

from fastapi import APIRouter, Request, Response

from app.api.answers import JsonAnswer, page
from app.api.auth import Reader
from app.domain.errors import MissingObject
from app.domain.points import near_hint
from app.policy.catalogue import RULES, rule_named
from app.policy.explain import describe

router = APIRouter(tags=["rules"])


@router.get("/v1/rules")
def list_rules(request: Request, caller: Reader) -> Response:
    """Every rule, in the order in which they run."""
    del request, caller  # the scope is the check
    return JsonAnswer(page([describe(rule) for rule in RULES], None))


@router.get("/v1/rules/{code}")
def show_rule(request: Request, caller: Reader, code: str) -> Response:
    """One rule: its explanation, bindings and thresholds."""
    del request, caller  # the scope is the check
    try:
        return JsonAnswer(describe(rule_named(code.upper())))
    except KeyError as error:
        hint = near_hint(code.upper(), [rule.code for rule in RULES])
        raise MissingObject(f"there is no rule {code}", hint=hint) from error
