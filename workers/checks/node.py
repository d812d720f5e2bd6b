"""Every check of a node, in the order in which a person would look."""

from collections.abc import Callable
from pathlib import Path

from paceline.checks import Check, fail
from workers.checks import broker, disks, gpus, jobs, places, service, store
from workers.checks.subject import Subject
from workers.options import WorkerOptions

CHECKS: tuple[Callable[[Subject], Check], ...] = (
    lambda node: service.service_answers(node.told),
    lambda node: service.token_is_accepted(node.told),
    lambda node: service.versions_agree(node.told),
    lambda node: service.clocks_agree(node.told),
    lambda node: disks.folder_works("state folder", node.options.state_dir, "--state-dir"),
    lambda node: disks.folder_works("lock folder", node.options.lock_dir, "--lock-dir"),
    lambda node: disks.disk_has_room(_written_to(node)),
    store.store_takes_checkpoints,
    store.store_is_shared,
    broker.broker_is_ours,
    gpus.driver_answers,
    gpus.slots_have_gpus,
    gpus.memory_is_free,
    places.gpus_are_not_taken,
    places.slots_are_ours,
    places.nothing_is_left_over,
    jobs.entrypoints_start,
    lambda _: disks.shared_memory_suffices(),
    lambda _: disks.open_files_suffice(),
)


def node_checks(options: WorkerOptions) -> list[Check]:
    """Look at everything; a check that breaks is one that failed."""
    subject = Subject(options)
    return [_look(check, subject) for check in CHECKS]


def _look(check: Callable[[Subject], Check], subject: Subject) -> Check:
    try:
        return check(subject)
    except Exception as error:  # noqa: BLE001 - the edge: one broken check must not hide the others
        seen = f"could not be looked at: {type(error).__name__}: {error}"
        return fail("doctor", seen, "report this, with the options of the worker")


def _written_to(subject: Subject) -> list[Path]:
    """Trial folders, and the store if it is a folder."""
    folder = store.folder_of_store(subject)
    return [subject.options.state_dir, *([folder] if folder else [])]
