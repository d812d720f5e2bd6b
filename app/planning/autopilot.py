"""Who accepts: what autopilot may do by itself, and why. Budgets are the service's to check."""

from app.domain.recommendations import Advice
from app.domain.rounds import Action, Purpose, RoundDefinition
from app.domain.studies import Autopilot
from app.planning.history import horizons_used
from app.policy.facts import StudyFacts
from app.policy.setting import setting_of

COUNTED = (Purpose.TUNE, Purpose.FINAL)


def is_acceptable_by_autopilot(
    study: StudyFacts, advice: Advice, autopilot: Autopilot
) -> tuple[bool, str]:
    """(whether nobody has to accept it, why): within limits.rounds, never past a finding."""
    if advice.action is Action.FINISH and autopilot is not Autopilot.ON:
        return _finishes(advice)
    if autopilot is Autopilot.OFF:
        return False, "autopilot is off: a person accepts"
    if autopilot is Autopilot.GATED:
        return _continues_checks(study, advice)
    return _accepts(study, advice)


def _continues_checks(study: StudyFacts, advice: Advice) -> tuple[bool, str]:
    """`gated`: whoever accepted one check has accepted the rest of that descent or climb."""
    reviewed = study.round(advice.round).definition
    proposal = advice.proposal
    was_accepted = study.round(advice.round).action is Action.CHECK_HORIZON
    is_check = advice.action is Action.CHECK_HORIZON and proposal is not None
    if proposal is None or reviewed.checks is None or not (was_accepted and is_check):
        return False, "autopilot is gated: a person accepts"
    checked = study.round(reviewed.checks).definition.max_train_steps
    same_round = proposal.checks == reviewed.checks
    same_way = (proposal.max_train_steps < checked) == (reviewed.max_train_steps < checked)
    if same_round and same_way and advice.is_decided:
        return True, "it continues a chain of checks that was accepted"
    return False, "autopilot is gated: this begins a new chain of checks, so a person accepts"


def _finishes(advice: Advice) -> tuple[bool, str]:
    """A reviewed final round ends the study whatever the autopilot, unless a finding stands."""
    if advice.blocked_by:
        return False, f"enforced findings stand: {', '.join(advice.blocked_by)}"
    return True, "a reviewed final round ends the study"


def _accepts(study: StudyFacts, advice: Advice) -> tuple[bool, str]:
    if advice.blocked_by:
        return _finishes(advice)
    if not advice.is_decided:
        return False, "a deciding rule is inconclusive, or a person is wanted: see the reasons"
    if advice.action is Action.FINISH:
        return _finishes(advice)
    if advice.proposal is None:
        return False, "there is nothing to run: a person decides"
    if advice.action is Action.COLLECT_EVIDENCE and _collected_before(study, advice.proposal):
        return False, "more evidence was collected once at this setting already"
    return _within_rounds(study, advice.proposal)


def _collected_before(study: StudyFacts, proposal: RoundDefinition) -> bool:
    """Whether evidence was collected once already in the setting that the proposal runs in."""
    return any(
        asked.has_run
        and asked.action is Action.COLLECT_EVIDENCE
        and setting_of(asked.definition) == setting_of(proposal)
        and asked.definition.schedule == proposal.schedule
        for asked in study.rounds
    )


def _within_rounds(study: StudyFacts, proposal: RoundDefinition) -> tuple[bool, str]:
    """Distinct horizons of tune and final rounds count; checks do not."""
    if is_within_rounds(study, proposal):
        return True, "within the study's limits"
    limit = study.definition.limits.rounds
    return False, f"a horizon of {proposal.max_train_steps} steps passes limits.rounds ({limit})"


def is_within_rounds(study: StudyFacts, proposal: RoundDefinition) -> bool:
    """Whether `limits.rounds` leaves room for the proposal's horizon."""
    limit = study.definition.limits.rounds
    if limit is None or proposal.purpose not in COUNTED:
        return True
    return len({*horizons_used(study), proposal.max_train_steps}) <= limit
