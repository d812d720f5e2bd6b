"""The catalogue audits itself: every rule listed, unique, explained, anchored and tested."""

import ast
import re
from pathlib import Path

import pytest

from app.policy import catalogue
from app.policy.explain import describe
from app.policy.rule import Rule

RULES = Path(catalogue.__file__).parent / "rules"
TESTS = Path(__file__).parent / "rules"
CLAIMS = {f"P-{n}" for n in range(1, 32)} | {
    *(f"P-27{part}" for part in "abcd"),
    *(f"P-{n}{part}" for n in (29, 31) for part in "ab"),
}
SECTIONS = ("What it does:", "Why it matters:", "What to do:")
each_rule = pytest.mark.parametrize("rule", catalogue.RULES, ids=lambda rule: rule.code)


def module_of(rule: Rule) -> Path:
    (path,) = RULES.glob(f"{rule.code.lower()}_*.py")
    return path


def test_every_file_is_listed() -> None:
    files = {path.name[:6].upper() for path in RULES.glob("[a-z]*.py")}
    assert files == {rule.code for rule in catalogue.RULES}


def test_codes_and_names_are_unique() -> None:
    for field in ("code", "name", "title"):
        values = [getattr(rule, field) for rule in catalogue.RULES]
        assert len(set(values)) == len(values)


@each_rule
def test_rule_is_explained_in_three_sections(rule: Rule) -> None:
    explanation = describe(rule)["explanation"]
    assert explanation == (ast.get_docstring(ast.parse(module_of(rule).read_text())) or "")
    found = [explanation.find(section) for section in SECTIONS]
    assert -1 not in found
    assert found == sorted(found)


@each_rule
def test_rule_cites_claims_that_exist_in_its_explanation(rule: Rule) -> None:
    assert rule.claims
    assert set(rule.claims) <= CLAIMS
    cited = set(re.findall(r"P-\d+[a-d]?", rule.explanation))
    assert cited & set(rule.claims)
    assert cited <= CLAIMS


@each_rule
def test_file_is_named_by_the_problem(rule: Rule) -> None:
    words = module_of(rule).stem.split("_", 1)[1]
    assert rule.name == words.replace("_", "-")


@each_rule
def test_checks_are_short(rule: Rule) -> None:
    for check in rule.checks.values():
        source = ast.parse(module_of(rule).read_text())
        (function,) = [
            node
            for node in source.body
            if isinstance(node, ast.FunctionDef) and node.name == check.__name__
        ]
        assert (function.end_lineno or 0) - function.lineno < 28


@each_rule
def test_settings_carry_the_rules_code(rule: Rule) -> None:
    assert all(name.startswith(f"{rule.code}.") for name in rule.settings)


@each_rule
def test_rule_is_tested_for_three_answers_and_its_threshold(rule: Rule) -> None:
    tests = (TESTS / f"test_{rule.code.lower()}.py").read_text()
    for answer in ("clear", "finding", "inconclusive", "threshold"):
        assert f"def test_{answer}_" in tests


def test_described_settings_are_those_a_study_may_set() -> None:
    known = catalogue.known_settings()
    assert known["CKP302.min_share"] == 0.6
    for rule in catalogue.RULES:
        assert describe(rule)["settings"].items() <= known.items()


def test_rule_named_finds_it_and_raises_for_an_unknown_code() -> None:
    assert catalogue.rule_named("SPC201").name == "best-learning-rate-on-boundary"
    with pytest.raises(KeyError):
        catalogue.rule_named("SPC999")
