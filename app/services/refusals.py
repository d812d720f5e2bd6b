"""Refusing what breaks an enforced rule, with every finding and what to do about each."""

from app.domain.errors import RefusedByRules
from app.domain.recommendations import JudgedVerdict
from app.policy.engine import is_enforced_finding
from app.services import gate


def refuse_enforced(verdicts: tuple[JudgedVerdict, ...]) -> None:
    """Raises RefusedByRules with the enforced findings among the verdicts."""
    found = {verdict.code: verdict for verdict in verdicts if is_enforced_finding(verdict)}
    if found:
        raise RefusedByRules(
            "; ".join(verdict.message for verdict in found.values()),
            hint=" ".join(verdict.action for verdict in found.values()),
            findings=gate.as_findings(found.values()),
        )
