"""The GPUs: whether the driver answers, which of them the slots get, and who uses their memory."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from paceline.checks import Check, fail, ok, warn
from workers.checks.places import held_locks
from workers.checks.subject import Subject
from workers.gpu_watch import why_not_free
from workers.gpus import partitioned
from workers.layout import NoSlot, unused, visible_gpus
from workers.nvidia import open_library

VISIBLE = "CUDA_VISIBLE_DEVICES"


def driver_answers(subject: Subject) -> Check:
    name, simulated = "driver", subject.options.simulated_gpus
    if simulated is not None:
        return ok(name, f"not asked: the GPUs are simulated out of {simulated}")
    nvml = open_library()
    if nvml is not None:
        version = nvml.nvmlSystemGetDriverVersion()
        words = version.decode() if isinstance(version, bytes) else version
        return ok(name, f"NVIDIA's driver {words} answers for {nvml.nvmlDeviceGetCount()} GPUs")
    seen = "NVIDIA's management library finds no driver"
    if not subject.wants_gpus:
        return ok(name, f"{seen}; no GPU is asked for")
    return fail(name, seen, "install the driver; in a container: --gpus all; then see nvidia-smi")


def slots_have_gpus(subject: Subject) -> Check:
    """How many slots, of which GPUs; and GPUs that nobody would use."""
    try:
        slots = len(subject.slots)
    except NoSlot as error:
        return fail("partition", str(error), "change the slots that the worker is asked for")
    visible = visible_gpus(subject.inventory)
    used = [gpu.id for gpu in subject.gpus]
    idle = unused(visible, subject.slots)
    seen = f"slots: {slots}, with {len(used)} of {len(visible)} visible GPUs{_said()}"
    parts = partitioned(visible)
    if parts:
        seen += f"; {len(parts)} are parts of one (MIG)"
    if idle:
        hint = "--gpus-per-slot 1, or sizes that use all (4,2,1,1), or hide them from this worker"
        return warn("partition", f"{seen}; no slot uses {', '.join(idle)}", hint)
    return ok("partition", seen)


def _said() -> str:
    said = os.environ.get(VISIBLE)
    return "" if said is None else f" ({VISIBLE}={said})"


def memory_is_free(subject: Subject) -> Check:
    """Of the slots' GPUs; what trainings of a worker here use is theirs."""
    options, devices = subject.options, subject.gpus
    if not devices:
        return ok("GPU memory", "no slot has a GPU")
    idle = [gpu for gpu in devices if not held_locks([subject.lock_of(gpu)])]
    why = why_not_free(subject.inventory, idle, options.gpu_free_fraction)
    if why is None:
        at_work = len(devices) - len(idle)
        return ok("GPU memory", f"free on {len(idle)} GPUs; {at_work} belong to a worker")
    nvml = open_library() if options.simulated_gpus is None else None
    users = [user for gpu in idle for user in (users_of(nvml, gpu.id) if nvml else ())]
    who = f"; in use by {', '.join(map(str, users))}" if users else ""
    hint = "end what holds it, or leave that GPU out of CUDA_VISIBLE_DEVICES"
    return warn(
        "GPU memory", f"{why.partition(' although')[0]}{who}: its slot claims nothing", hint
    )


@dataclass(frozen=True, slots=True)
class User:
    """A process that has memory on a GPU; `used_bytes` None: the driver does not say."""

    gpu_id: str
    pid: int
    used_bytes: int | None

    def __str__(self) -> str:
        used = "" if self.used_bytes is None else f", {self.used_bytes / 2**20:.0f} MiB"
        return f"{_command(self.pid)} (pid {self.pid}{used})"


def users_of(nvml: ModuleType, gpu_id: str) -> Sequence[User]:
    """Empty where the driver does not tell, as within containers."""
    try:
        handle = nvml.nvmlDeviceGetHandleByUUID(gpu_id)
        found = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
    except nvml.NVMLError:
        return ()
    return [User(gpu_id, one.pid, one.usedGpuMemory) for one in found]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:  # another container's
        return "a process"
