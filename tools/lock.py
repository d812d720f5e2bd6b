"""Resolve the extras once for all supported Pythons and platforms into requirements.lock.

A lock carries each version with the hashes of all of its published files and no address of any
index, so that it installs from whichever index pip is set to. The images' locks are cuts from the
first. The resolver lives in a scratch environment: it is no dependency of the project.
"""

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHOLE = "requirements.lock"
IMAGES = {
    "docker/server.lock": ("server", "s3"),
    "docker/worker.lock": ("worker", "s3", "demo"),
}
NOT_LOCKED = {"gp"}  # its wheels differ by accelerator; the user picks them
RESOLVER = "uv>=0.9"
OPTIONS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-annotate", "--no-header", "--quiet"),
)
HEADER = "# Versions with their files' hashes, for every supported Python. Made by `make lock`.\n"


def locked_extras() -> list[str]:
    """Name the extras that requirements.lock covers, as pyproject.toml declares them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [extra for extra in project["optional-dependencies"] if extra not in NOT_LOCKED]


def write_lock(python: str, name: str, *options: str) -> None:
    """Resolve pyproject.toml with these options into the lock file `name`."""
    resolve = [python, "-m", "uv", "pip", "compile", "pyproject.toml", *options, *OPTIONS]
    done = subprocess.run(resolve, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    (ROOT / name).write_text(HEADER + done.stdout)


def with_extras(*extras: str) -> list[str]:
    """Spell extras as options of the resolver."""
    return [word for extra in extras for word in ("--extra", extra)]


def main() -> int:
    """Write the locks with the newest versions that pyproject.toml allows."""
    with tempfile.TemporaryDirectory(prefix="paceline-lock-") as scratch:
        venv.create(scratch, with_pip=True)
        python = str(Path(scratch) / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", RESOLVER], check=True)
        write_lock(python, WHOLE, *with_extras(*locked_extras()))
        for name, extras in IMAGES.items():
            write_lock(python, name, *with_extras(*extras), "--constraint", WHOLE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
