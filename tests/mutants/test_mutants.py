"""The mutants fit the code, their killers exist, and the runner tells killed from survivor."""

from pathlib import Path

import pytest

from tests.mutants.catalogue import ALL, FEW, named
from tests.mutants.mutant import Mutant, MutantOutdated
from tests.mutants.runner import ROOT, NoProof, copied_tree, refuse_red, try_mutant

KILLER = "tests/unit/domain/test_retries.py"
HARMLESS = Mutant(
    "harmless",
    "app/domain/retries.py",
    "def conclude(",
    "# nothing changes\ndef conclude(",
    (KILLER,),
)


def test_every_mutant_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in ALL}) == len(ALL)


def test_every_mutant_still_fits_the_code_and_its_killers_exist(tmp_path: Path) -> None:
    for mutant in ALL:
        place = tmp_path / mutant.file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text((ROOT / mutant.file).read_text())
        mutant.apply(tmp_path)
        for killer in mutant.killers:
            file, _, test = killer.partition("::")
            assert f"def {test.split('[')[0]}" in (ROOT / file).read_text(), (mutant.name, killer)


def test_a_mutant_whose_text_is_gone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("now = 'otherwise'\n")
    outdated = Mutant("outdated", "code.py", "as it was", "as it is", ("none",))
    with pytest.raises(MutantOutdated, match="stands 0 times"):
        outdated.apply(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_a_broken_safety_is_seen(name: str) -> None:
    verdict = try_mutant(named(name))
    assert verdict.killed_by is not None
    assert verdict.killed_by.startswith(named(name).killers[0])


@pytest.mark.slow
def test_a_survivor_is_told_and_its_killers_are_green_without_it() -> None:
    assert try_mutant(HARMLESS).killed_by is None
    refuse_red([HARMLESS])


@pytest.mark.slow
def test_killers_that_do_not_exist_prove_nothing() -> None:
    with pytest.raises(NoProof, match="pytest ended with 4"):
        refuse_red([Mutant("none", "x", "y", "z", ("tests/unit/domain/test_none.py",))])


def test_the_copy_is_the_tree_without_its_environment() -> None:
    with copied_tree() as tree:
        assert (tree / "app" / "main.py").exists()
        assert not (tree / ".venv").exists()
    assert not tree.exists()
