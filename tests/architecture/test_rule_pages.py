"""The pages of docs/rules/ are those that the code makes: none is stale, none is left over."""

from pathlib import Path

from app.policy.catalogue import RULES
from tools.rule_pages import INDEX, pages, stale_pages, write


def test_committed_pages_are_what_the_code_makes() -> None:
    stale = stale_pages()
    assert stale == [], f"docs/rules/ is behind the code in {', '.join(stale)}: run `make docs`"


def test_every_rule_has_a_page_that_says_all_that_the_catalogue_knows() -> None:
    written = pages()
    assert set(written) == {INDEX, *(f"{rule.code}.md" for rule in RULES)}
    for rule in RULES:
        page = written[f"{rule.code}.md"]
        wanted = (rule.title, rule.name, *rule.claims, *rule.settings, rule.default_binding)
        assert [word for word in wanted if word not in page] == []
        assert page.count("## ") == 4
        assert f"[{rule.code}]({rule.code}.md)" in written[INDEX]


def test_a_missing_a_changed_and_a_left_over_page_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    assert stale_pages(tmp_path) == []
    (tmp_path / "SPC201.md").write_text("by hand")
    (tmp_path / "HZN101.md").unlink()
    (tmp_path / "OLD999.md").write_text("of a rule that is gone")

    assert stale_pages(tmp_path) == ["HZN101.md", "OLD999.md", "SPC201.md"]

    write(tmp_path)
    assert stale_pages(tmp_path) == []
