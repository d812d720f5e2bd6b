"""The test's side of the named points: arm one, see who has died, list those that were reached."""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.processes import REPOSITORY

PLANT = Path(__file__).parent / "plant"


@dataclass(frozen=True)
class Crashes:
    """One folder that all planted processes of a world share."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process must be started with to have points."""
        self.folder.mkdir(exist_ok=True)
        return {"PYTHONPATH": f"{PLANT}:{REPOSITORY}", "CRASH_FOLDER": str(self.folder)}

    @property
    def points(self) -> list[str]:
        """Every point that anybody has reached so far, sorted."""
        seen = self.folder / "seen"
        return sorted(set(seen.read_text().splitlines())) if seen.exists() else []

    @property
    def is_armed(self) -> bool:
        """Whether the planned death has not come yet."""
        return self._plan.exists()

    def arm(self, point: str, nth: int = 1) -> None:
        """Whoever reaches the point for the n-th time from now on, dies there, once."""
        draft = self.folder / "plan.draft"
        draft.write_text(json.dumps({"point": point, "nth": nth}))
        draft.replace(self._plan)

    def disarm(self) -> None:
        self._plan.unlink(missing_ok=True)

    @property
    def _plan(self) -> Path:
        return self.folder / "plan.json"
