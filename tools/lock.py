"""Resolve every extra but `gp` once for all supported Pythons and platforms into requirements.lock.

The lock carries each version with the hashes of all of its published files and no address of any
index, so that it installs from whichever index pip is set to. The resolver lives in a scratch
environment: it is no dependency of the project.
"""

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
RESOLVER = "uv>=0.9"
OPTIONS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-annotate", "--no-header", "--quiet"),
)
NOT_LOCKED = {"gp"}  # its wheels differ by accelerator; the user picks them
HEADER = "# Versions with their files' hashes, for every supported Python. Made by `make lock`.\n"


def locked_extras() -> list[str]:
    """Name the extras that the lock covers, as pyproject.toml declares them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [extra for extra in project["optional-dependencies"] if extra not in NOT_LOCKED]


def main() -> int:
    """Write requirements.lock with the newest versions that pyproject.toml allows."""
    with tempfile.TemporaryDirectory(prefix="paceline-lock-") as scratch:
        venv.create(scratch, with_pip=True)
        python = str(Path(scratch) / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", RESOLVER], check=True)
        extras = [word for extra in locked_extras() for word in ("--extra", extra)]
        resolve = [python, "-m", "uv", "pip", "compile", "pyproject.toml", *extras, *OPTIONS]
        done = subprocess.run(resolve, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    LOCK.write_text(HEADER + done.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
