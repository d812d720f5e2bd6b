"""Make or refresh `.venv` from the lock, with whatever Python 3.11 or newer started this program.

It uses the standard library alone, installs what the lock names with its hashes, then the project
itself, editable and without a resolver; a stamp of both files makes a second run do nothing.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOOR = (3, 11)
SOURCES = ("requirements.lock", "pyproject.toml")


def wanted_stamp(root: Path) -> str:
    """Digest what decides the environment's content: two files and the folder's path."""
    digest = hashlib.sha256(str(root).encode())
    for name in SOURCES:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def is_usable(python: Path) -> bool:
    """Tell whether an environment's interpreter still starts, is new enough and has pip."""
    probe = f"import pip, sys; sys.exit(sys.version_info < {FLOOR})"
    try:
        answer = subprocess.run([python, "-c", probe], capture_output=True, check=False)
    except OSError:
        return False
    return answer.returncode == 0


def install(python: Path, root: Path) -> None:
    """Install the locked versions, then the project itself on top of them."""
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    # --no-deps: the lock is complete; a resolver could only add what nobody has hashed.
    locked = [
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
        "-r",
        str(root / SOURCES[0]),
    ]
    subprocess.run([*pip, *locked], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", str(root)], check=True)


def refresh(root: Path) -> bool:
    """Bring the environment under `root` to the lock; False when it already was there."""
    environment = root / ".venv"
    python = environment / "bin" / "python"
    stamp = environment / "paceline-stamp"
    usable = is_usable(python)
    if usable and stamp.exists() and stamp.read_text() == wanted_stamp(root):
        return False
    print("paceline: installing the locked packages into .venv, a minute or two", file=sys.stderr)
    if not usable:
        venv.create(environment, with_pip=True, clear=True)
    stamp.unlink(missing_ok=True)
    install(python, root)
    stamp.write_text(wanted_stamp(root))
    return True


def main() -> int:
    """Refresh the environment, or say in one line why that is not possible."""
    os.environ.pop("PYTHONPATH", None)
    try:
        refresh(ROOT)
    except subprocess.CalledProcessError as error:
        print(f"paceline: {error}\nRead the lines above, then: make setup", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
