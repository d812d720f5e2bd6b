"""One way to break a safety, as data: what to replace where, and which tests must go red."""

from dataclasses import dataclass
from pathlib import Path

CONTRACT, WORKERS = "tests/contract", "tests/integration/workers"
DOMAIN = "tests/unit/domain"


class MutantOutdated(Exception):
    """The text that a mutant replaces is no longer where it was."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """`text` stands `times` times in `file`; with `replacement` instead, one of `killers` fails."""

    name: str
    file: str
    text: str
    replacement: str
    killers: tuple[str, ...]
    times: int = 1

    def apply(self, root: Path) -> None:
        """Break the safety in the tree below `root`. Raises MutantOutdated."""
        path = root / self.file
        source = path.read_text()
        found = source.count(self.text)
        if found != self.times:
            raise MutantOutdated(
                f"mutant {self.name}: its text stands {found} times in {self.file}, not"
                f" {self.times}; bring the mutant up to the code that it breaks:\n{self.text}"
            )
        mutated = source.replace(self.text, self.replacement)
        compile(mutated, self.file, "exec")  # a mutant that cannot be read would kill itself
        path.write_text(mutated)
