"""Settings that loosen a check say why, as ignores in the code do."""

import re

from tests.architecture.sources import ROOT

LOOSENED = re.compile(r"^\s*\"(?:[\w/*]+\" = \[|ignore:)")


def loosened(text: str) -> list[str]:
    """List the lines of pyproject.toml that loosen a check without a reason on them or above."""
    lines = text.splitlines()
    return [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if LOOSENED.search(line) and "#" not in line and not above.strip().startswith("#")
    ]


def test_every_loosened_setting_has_its_reason() -> None:
    assert loosened((ROOT / "pyproject.toml").read_text()) == []


def test_a_setting_without_reason_is_reported() -> None:
    planted = '"tools/*" = ["T201"]\n  "ignore:something old:DeprecationWarning",\n'

    assert len(loosened(planted)) == 2
