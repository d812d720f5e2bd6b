"""Who this worker is: a random id that its state folder keeps, and the boot that it lives in."""

import uuid
from dataclasses import dataclass
from pathlib import Path

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Identity:
    worker_id: str
    boot_id: str


def read_identity(state_dir: Path) -> Identity:
    """The identity in the folder; made at the first start, the same ever after."""
    path = state_dir / "worker-id"
    if not path.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(f"worker-{uuid.uuid4().hex}\n")
    return Identity(path.read_text().strip(), _boot_id())


def _boot_id() -> str:
    try:
        return BOOT_ID_FILE.read_text().strip()
    except OSError:  # not Linux: the machine's own id must do
        return f"node-{uuid.getnode():012x}"
