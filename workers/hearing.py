"""What a worker under Celery hears (`-Q`), against what its slots claim; pure.

A queue that is heard and not claimed wakes nobody and takes the wake-up from another node; one that
is claimed and not heard leaves its work to the sweep. So both are the same set, or nothing starts.
"""

import re
from collections.abc import Sequence

from workers.options import WorkerOptions

KIND = re.compile(r"cpu|gpu-([1-9]\d*)")


class Unheard(Exception):
    """The queues are not those of the slots, and it is not clear which is meant."""


def options_for(heard: Sequence[str], said: WorkerOptions) -> WorkerOptions:
    """The options of a worker that hears these queues; slots are made for them where none are
    said. Raises Unheard."""
    is_said = bool(said.queue or said.gpus_per_slot or said.slots is not None)
    options = said if is_said else _derived(heard, said)
    if options.queues and set(options.queues) != set(heard):  # of no slot the node speaks itself
        claimed = ",".join(options.queues)
        raise Unheard(
            f"-Q {','.join(heard)} is heard, but the slots that PACELINE_GPUS_PER_SLOT,"
            f" PACELINE_SLOTS, PACELINE_QUEUE or paceline.toml ask for claim from {claimed}:"
            f" start it with -Q {claimed}, or leave those unsaid and -Q makes the slots"
        )
    return options


def _derived(heard: Sequence[str], said: WorkerOptions) -> WorkerOptions:
    """`gpu-4,gpu-2`: a slot each; `gpu-2` alone: as many as fit; `cpu`: one."""
    kinds = [KIND.fullmatch(name) for name in heard]
    strange = [name for name, kind in zip(heard, kinds, strict=True) if kind is None]
    if strange:
        raise Unheard(
            f"-Q {','.join(heard)}: {', '.join(strange)} tells nothing about slots; give the queues"
            " of this node's slots, such as -Q cpu or -Q gpu-4,gpu-1, or set PACELINE_QUEUE"
        )
    sizes = tuple(int(kind[1]) for kind in kinds if kind and kind[1])
    slots = 1 if "cpu" in heard else None
    return said.model_copy(update={"gpus_per_slot": sizes, "slots": slots})
