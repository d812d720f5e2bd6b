"""The files that the house answers for, and how the architecture tests read them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"__pycache__", "build", "dist", "node_modules"}
KEPT_HIDDEN = {".ci", ".dockerignore", ".gitignore", ".github"}


@dataclass(frozen=True)
class Source:
    """One text file by its path relative to the repository."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The file as Python sees it."""
        return ast.parse(self.text, filename=str(self.path))

    @property
    def is_test(self) -> bool:
        """Whether the file is part of the tests."""
        return self.path.parts[0] == "tests"


def is_ours(part: str) -> bool:
    """Tell whether a folder or file of this name is written by hand and committed."""
    if part in GENERATED or part.endswith(".egg-info"):
        return False
    return not part.startswith(".") or part in KEPT_HIDDEN


def paths(folder: Path) -> Iterator[Path]:
    """Walk the files of a folder, leaving out environments, caches and what builds left."""
    for entry in sorted(folder.iterdir()):
        if not is_ours(entry.name) or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from paths(entry)
        else:
            yield entry


def read_sources(root: Path = ROOT, suffix: str = "") -> list[Source]:
    """Read all text files below `root` whose names end with `suffix`."""
    found = []
    for path in paths(root):
        if not path.name.endswith(suffix):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or an archive has no style
        found.append(Source(path.relative_to(root), text))
    return found


def read_python(root: Path = ROOT) -> list[Source]:
    """Read all Python files below `root`."""
    return read_sources(root, ".py")
