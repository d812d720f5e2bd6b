"""Which code an attempt ran: git commit and a digest of what differs, else of the sources."""

import hashlib
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

GIT_TIMEOUT_SECONDS = 10
SOURCE_SUFFIXES = frozenset(
    {".py", ".pyx", ".c", ".cc", ".cpp", ".cu", ".h", ".rs", ".go", ".jl"}
    | {".r", ".sh", ".toml", ".yaml", ".yml", ".json", ".cfg", ".ini", ".txt"}
)
LARGEST_SOURCE_BYTES = 1 << 20  # larger files are data
MOST_FILES = 5000
CLEAN = "clean"


@dataclass(frozen=True, slots=True)
class CodeRecord:
    """`commit` None: the folder is in no repository. `digest` "clean": nothing differs from it."""

    commit: str | None
    digest: str

    def document(self) -> dict[str, str | None]:
        return asdict(self)


def record_code(directory: Path) -> CodeRecord:
    """The record of a job's folder as it is now."""
    commit = _git(directory, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return CodeRecord(None, _digest(directory, _sources(directory)))
    changes = _git(directory, "diff", "HEAD", "--binary", "--", ".")
    untracked = _git(directory, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    if changes is None or untracked is None:
        return CodeRecord(None, _digest(directory, _sources(directory)))
    names = [directory / name.decode() for name in untracked.split(b"\0") if name]
    new = [path for path in names if _is_source(path)]
    digest = _digest(directory, new, changes) if changes or new else CLEAN
    return CodeRecord(commit.decode().strip(), digest)


def _git(directory: Path, *words: str) -> bytes | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *words],
            capture_output=True,
            timeout=GIT_TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _sources(directory: Path) -> list[Path]:
    visible = (
        path
        for path in directory.rglob("*")
        if not any(part.startswith((".", "__")) for part in path.relative_to(directory).parts[:-1])
        and _is_source(path)
    )
    return [path for path, _ in zip(visible, range(MOST_FILES), strict=False)]


def _is_source(path: Path) -> bool:
    try:
        return (
            path.suffix.lower() in SOURCE_SUFFIXES
            and path.is_file()
            and path.stat().st_size <= LARGEST_SOURCE_BYTES
        )
    except OSError:
        return False


def _digest(directory: Path, files: Iterable[Path], changes: bytes = b"") -> str:
    digest = hashlib.sha256(changes)
    for path in sorted(files):
        try:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            content = "unreadable"
        digest.update(f"{path.relative_to(directory)}\0{content}\n".encode())
    return digest.hexdigest()
