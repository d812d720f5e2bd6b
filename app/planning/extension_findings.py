"""What is questionable about a schedule on a longer horizon: SCH701, SCH702, SCH704 (policy 1)."""

from dataclasses import dataclass

from app.domain.studies import Binding
from app.planning.extension_rules import HOLDING_KINDS
from app.policy.verdicts import Finding, Judged
from paceline.schedules import Schedule

WARN_TINY_SHARE = 0.25  # SCH701, P-26
ENFORCE_TINY_SHARE = 0.50  # SCH701, P-26
SMALL_DECAY_FRACTION = 0.10  # SCH704: the same tenth under which a promoted wsd decays longer
FAR_BELOW_FRACTION = 0.25  # SCH704, inverse_sqrt: rates under a quarter of the peak ...
FAR_BELOW_SHARE = 0.50  # ... for most of the horizon


@dataclass(frozen=True, slots=True)
class ScheduleRule:
    """What the catalogue says about one of the codes."""

    code: str
    title: str
    claims: tuple[str, ...]


TINY_RATES = ScheduleRule("SCH701", "extra steps spent at a tiny learning rate", ("P-26",))
AGAINST_PLAYBOOK = ScheduleRule(
    "SCH702", "decay stretched or kept where the playbook does otherwise", ("P-25", "P-29")
)
SMALL_DECAY = ScheduleRule(
    "SCH704", "decay a small share of the new horizon, or most of it far below the peak", ("P-29a",)
)


@dataclass(frozen=True, slots=True)
class ScheduleFinding:
    """A finding about an extended schedule, and how much it weighs."""

    rule: ScheduleRule
    severity: str  # info | warn | error
    binding: Binding
    finding: Finding


Horizons = tuple[int, int]  # T1, T2


def judge_extension(
    before: Schedule, after: Schedule, horizons: Horizons, tiny_share: float
) -> tuple[ScheduleFinding, ...]:
    """The findings about `after` at T2; none if nothing speaks against it, or T2 <= T1.

    `tiny_share` is the share of the added steps below 10% of the peak.
    """
    if horizons[1] <= horizons[0]:
        return ()
    found = (
        judge_tiny_rates(horizons, tiny_share),
        judge_against_playbook(before, after, horizons),
        judge_decay_share(after, horizons[1]),
    )
    return tuple(finding for finding in found if finding is not None)


def judge_tiny_rates(horizons: Horizons, share: float) -> ScheduleFinding | None:
    """SCH701: extra steps spent at a tiny learning rate (P-26)."""
    if share <= WARN_TINY_SHARE:
        return None
    is_enforced = share > ENFORCE_TINY_SHARE
    added = horizons[1] - horizons[0]
    finding = Finding(
        message=f"{share:.0%} of the {added} added steps run below 10% of the peak",
        action="hold the peak longer and decay at the end: take one of the alternatives",
        judged=Judged(
            evidence={"added_steps_below_10_percent_of_peak": share},
            statistic=share,
            threshold=ENFORCE_TINY_SHARE if is_enforced else WARN_TINY_SHARE,
        ),
    )
    if is_enforced:
        return ScheduleFinding(TINY_RATES, "error", Binding.ENFORCE, finding)
    return ScheduleFinding(TINY_RATES, "warn", Binding.WARN, finding)


def judge_against_playbook(
    before: Schedule, after: Schedule, horizons: Horizons
) -> ScheduleFinding | None:
    """SCH702: a decay stretched where P-29a keeps it, or kept where P-29b stretches it."""
    old, new = horizons
    was, now = before.decay_length(old), after.decay_length(new)
    is_stretched = after.kind in HOLDING_KINDS and now > was
    is_kept = after.kind == "cosine" and now < new - after.warmup_steps
    if not is_stretched and not is_kept:
        return None
    advice = f"keep {was} steps" if is_stretched else "let it fill the horizon"
    finding = Finding(
        message=f"the {after.kind} decay takes {was} of {old} steps before, {now} of {new} after",
        action=f"{advice}, as the playbook does, or compare the two",
        judged=Judged(evidence={"decay_steps_before": was, "decay_steps_after": now}),
    )
    return ScheduleFinding(AGAINST_PLAYBOOK, "warn", Binding.WARN, finding)


def judge_decay_share(after: Schedule, new: int) -> ScheduleFinding | None:
    """SCH704: the decay is a small share of the horizon, or inverse_sqrt is mostly far below it."""
    if after.kind == "inverse_sqrt":
        threshold = FAR_BELOW_SHARE
        share = inverse_sqrt_far_below(after, new) / new
        is_found = share > threshold
        message = f"{share:.0%} of {new} steps run below {FAR_BELOW_FRACTION:.0%} of the peak"
    else:
        threshold = SMALL_DECAY_FRACTION
        share = after.decay_length(new) / new
        is_found = 0 < share < threshold
        message = f"the decay is {share:.1%} of {new} steps; a fifth and more ended lower"
    if not is_found:
        return None
    judged = Judged(evidence={"share": share}, statistic=share, threshold=threshold)
    action = "compare with the alternatives, which decay over a larger share"
    return ScheduleFinding(SMALL_DECAY, "info", Binding.WARN, Finding(message, action, judged))


def inverse_sqrt_far_below(after: Schedule, new: int) -> int:
    """How many steps have sqrt(W/t) below FAR_BELOW_FRACTION."""
    return max(0, new - round(max(after.warmup_steps, 1) / FAR_BELOW_FRACTION**2))
