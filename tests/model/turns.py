"""The model of whose turn it is, when a slot asks."""

from tests.model.fleet import Fleet
from tests.model.nouns import HORIZON, Attempt, Study, Trial


def candidates(
    fleet: Fleet, place: tuple[str, str], gpus: int, after: Attempt | None
) -> tuple[list[Trial], bool]:
    """Whichever of these a claim takes is right; True: so is nothing. `after`: the attempt that the
    claim names; what its finish gives back is for those who come first, so where it may make room
    nobody behind its study is served before."""
    worker, _ = place
    if fleet.workers.get(worker, "active") != "active":
        return [], True
    before = after.trial.study if after and after.is_live and after.place == place else None
    found = {
        s.id: fleet.first_of(s, worker, gpus, after) for s in fleet.studies.values() if s.is_active
    }
    able = {fleet.studies[id_].id: trial for id_, trial in found.items() if trial}
    turns = {id_: turn_of(fleet.studies[id_], gpus, before) for id_ in able}
    first = max(turns.values(), default=None)
    best = [trial for id_, trial in able.items() if turns[id_] == first]
    if first is None or before is None or not before.is_counted:
        return best, not best
    last = turn_of(before, gpus, before)
    if not has_work(fleet, before, gpus, after) or first < last:
        return [], True
    return best, first == last and before.id not in able  # of equals the one that waits longest


def turn_of(study: Study, gpus: int, before: Study | None) -> tuple[int, bool, int]:
    """More is sooner; the order is that which the finish before will leave."""
    running = study.running - (study is before)
    return study.priority, study.gpus == gpus, -running


def has_work(fleet: Fleet, study: Study, gpus: int, after: Attempt | None) -> bool:
    """Whether it stands in the order at all: something could be claimed at best."""
    if not study.is_active or study.gpus > gpus:
        return False
    fits = any(study.holds_steps(HORIZON - trial.last_step) for trial in fleet.due(study))
    return bool(fleet.left(study, after)) or (study.has_room and fits)
