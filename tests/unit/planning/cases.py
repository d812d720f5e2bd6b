"""Builders for the adviser's tests: verdicts, rounds, and answers to proposals."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any  # Any: a builder forwards whatever field a test wants to set

from app.domain.recommendations import Advice, Assessment, JudgedVerdict
from app.domain.studies import Binding, StudyDefinition
from app.planning.adviser import advise
from app.planning.case import Case, open_case
from app.policy.facts import RoundFacts, StudyFacts
from tests.unit.planning.plain_words import assert_reads_well
from tests.unit.policy.builders import definition, round_facts, sweep, valley

HORIZON = 1000


def verdict(code: str, kind: str = "finding", **changes: Any) -> JudgedVerdict:
    """A verdict; `evidence` and `binding` as a test wants them."""
    given: dict[str, Any] = {
        "title": code,
        "severity": "warn",
        "binding": Binding.WARN,
        "message": f"{code} says so",
        "action": "Do something.",
        "claims": (),
        "n_used": 9,
        "rounds_used": (1,),
        "statistic": None,
        "threshold": None,
        "interval": None,
        "evidence": {},
        "missing": (),
        "trial_ids": (),
        "rule_version": 1,
        **changes,
    }
    return JudgedVerdict(code=code, verdict=kind, **given)


def edge(side: str = "high", strength: str = "edge", **changes: Any) -> JudgedVerdict:
    """SPC201 with its evidence."""
    evidence = {"parameter": "learning_rate", "side": side, "strength": strength}
    binding = Binding.ENFORCE if strength == "edge" else Binding.WARN
    return verdict("SPC201", evidence=evidence, **{"binding": binding, **changes})


def clear(*codes: str) -> tuple[JudgedVerdict, ...]:
    return tuple(verdict(code, "clear") for code in codes or ("SPC201", "HZN104", "HZN101"))


def study_of(study: StudyDefinition, *rounds: RoundFacts) -> StudyFacts:
    return StudyFacts(study, tuple(rounds), seconds_per_step=0.5)


def tune_round(study: StudyDefinition, number: int = 1, **changes: Any) -> RoundFacts:
    """A tune round whose valley lies at 0.01 unless `value_of` says otherwise."""
    value_of: Callable[[float], float] = changes.pop("value_of", valley(0.01))
    over = changes.pop("over", None)
    seed = changes.pop("seed", 0)
    horizon = changes.get("max_train_steps", study.max_train_steps)
    trials = sweep(study, value_of, over, max_train_steps=horizon, round=number, seed=seed)
    return round_facts(study, trials, number, **changes)


def answer(
    study: StudyFacts, value_of: Callable[[float], float], advice: Advice, number: int
) -> StudyFacts:
    """The study once the proposal's points have run, each ending at `value_of(rate)`."""
    proposal = advice.proposal
    assert proposal is not None
    rates = [float(p.params["learning_rate"]) for p in proposal.points]
    horizon = proposal.max_train_steps
    trials = sweep(
        study.definition,
        value_of,
        rates,
        max_train_steps=horizon,
        interval_steps=proposal.interval_steps,
    )
    ran = round_facts(study.definition, trials, number, action=advice.action)
    numbered = tuple(replace(t, trial_id=f"{number}.{i}") for i, t in enumerate(ran.trials))
    return replace(
        study, rounds=(*study.rounds, replace(ran, definition=proposal, trials=numbered))
    )


def assessed(study: StudyFacts, *verdicts: JudgedVerdict) -> dict[int, Assessment]:
    """The same verdicts for every round; without any, the deciding rules are clear."""
    given = verdicts or clear()
    return {r.number: Assessment(r.number, False, given) for r in study.rounds}


def advice_on(study: StudyFacts, *verdicts: JudgedVerdict) -> Advice:
    """The advice after the study's last round."""
    advice = advise(study, assessed(study, *verdicts), study.rounds[-1].number)
    assert_reads_well(advice)
    return advice


def case_of(study: StudyFacts, *verdicts: JudgedVerdict) -> Case:
    return open_case(study, assessed(study, *verdicts), study.rounds[-1].number)


def usual_study(**changes: Any) -> StudyFacts:
    """One reviewed tune round of nine rates over four decades, the best well inside."""
    study = definition(**changes)
    return study_of(study, tune_round(study))
