"""What some scenarios need from the machine, and why it may not be there. They belong to `make
chaos` alone; left out, they are named with the reason, in the output and in the table.
"""

import shutil
from functools import cache
from pathlib import Path

from tests.chaos.amount import WHOLE
from tests.chaos.network.hosts import why_impossible
from tests.chaos.volumes import why_no_volumes

LIBFAKETIME = "faketime/libfaketimeMT.so.1"
LIBRARY_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
HOSTS, CLOCKS = "test_many_hosts.py", "test_clock_jumps.py"
VOLUMES = "test_full_volumes.py"


def libfaketime() -> Path | None:
    """The library that shifts a process's clock."""
    if shutil.which("faketime") is None:
        return None
    places = [file for folder in LIBRARY_FOLDERS for file in Path(folder).glob(f"**/{LIBFAKETIME}")]
    return places[0] if places else None


@cache
def left_out() -> dict[str, str]:
    """The files of tests that `make chaos` cannot run on this machine, each with the reason."""
    if not WHOLE:
        return {}
    reasons = {
        HOSTS: why_impossible(),
        VOLUMES: why_no_volumes(),
        CLOCKS: None if libfaketime() else "there is no libfaketime (Debian: faketime)",
    }
    return {name: why for name, why in reasons.items() if why is not None}


def not_collected() -> list[str]:
    """The files that this run does not collect."""
    return list(left_out()) if WHOLE else [HOSTS, CLOCKS, VOLUMES]
