"""Write docs/rules/: one page for each rule and a table of all, from the rules' own docstrings.

Nothing in that folder is written by hand, so the documentation cannot say what the code does not.
"""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from app.policy.catalogue import RULES
from app.policy.rule import Rule, Stage

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "rules"
INDEX = "README.md"
MADE_BY = "<!-- Made by `make docs` from the code; what is written here by hand is lost. -->"
INTRODUCTION = (
    "Every rule of the judge, in the order in which they run. Each answers *clear*, *finding* or",
    "*inconclusive*, with numbers as evidence. A finding whose *binding* is `enforce` blocks what",
    "it speaks against until it is cured or waived; `warn` only says it; `off` is not heard.",
    "The claims are those of [the playbook](../playbook.md). The same words come from",
    "`GET /v1/rules/{code}` and `paceline explain CODE`.",
)
STAGE_WORDS = {
    Stage.STUDY_ADMISSION: "before a study is stored",
    Stage.ROUND_ADMISSION: "before a round opens",
    Stage.MEASUREMENT: "when measurements arrive",
    Stage.ROUND_REVIEW: "when a round's trials are done",
    Stage.PROMOTION: "before winners are promoted",
    Stage.PLAN: "when a budget is planned",
    Stage.ATTEMPT_START: "before an attempt starts",
}


def pages() -> dict[str, str]:
    """File name -> text of every page that the code asks for."""
    return {INDEX: index_page(), **{page_name(rule): rule_page(rule) for rule in RULES}}


def page_name(rule: Rule) -> str:
    """The page of a rule is named by its code."""
    return f"{rule.code}.md"


def rule_page(rule: Rule) -> str:
    """Title, what the catalogue says, the three sections of the docstring, how to change it."""
    claims = ", ".join(f"[{claim}](../playbook.md)" for claim in rule.claims)
    stages = ", ".join(f"{STAGE_WORDS[stage]} ({stage})" for stage in rule.checks)
    lines = [
        MADE_BY,
        f"# {rule.code}: {rule.title}",
        "",
        "| | |",
        "|---|---|",
        f"| name | `{rule.name}` |",
        f"| claims | {claims} |",
        f"| runs | {stages} |",
        f"| severity | {rule.severity} |",
        f"| binding | {rule.default_binding} |",
        f"| version | {rule.version} |",
        "",
        *explanation_lines(rule),
        "## Change it for a study",
        "",
        *change_lines(rule),
    ]
    return "\n".join(lines) + "\n"


def explanation_lines(rule: Rule) -> Iterator[str]:
    """The docstring's sections as headed paragraphs, at the width at which they were written."""
    for paragraph in rule.explanation.strip().split("\n\n")[1:]:
        heading, colon, text = paragraph.partition(":")
        is_section = bool(colon) and heading in ("What it does", "Why it matters", "What to do")
        if is_section:
            yield f"## {heading}"
            yield ""
        words = " ".join((text if is_section else paragraph).split())
        yield from textwrap.wrap(words[:1].upper() + words[1:], 120)
        yield ""


def change_lines(rule: Rule) -> Iterator[str]:
    """How a study binds the rule otherwise, sets its thresholds, lets one finding stand."""
    yield f"Its binding: `bindings: {{{rule.code}: enforce | warn | off}}` in the definition."
    if rule.settings:
        yield ""
        yield "Its thresholds, in the study's `settings`:"
        yield ""
        yield "| setting | default |"
        yield "|---|---|"
        yield from (f"| `{name}` | {value:g} |" for name, value in rule.settings.items())
    yield ""
    if rule.is_waivable:
        yield f'One finding may stand: `paceline waive STUDY {rule.code} --reason "..."`.'
    else:
        yield "Its findings cannot be waived."


def index_page() -> str:
    """A table of all rules, in the order in which they run."""
    lines = [
        MADE_BY,
        "# The rules",
        "",
        *INTRODUCTION,
        "",
        "| code | problem | claims | stages | severity | binding |",
        "|---|---|---|---|---|---|",
        *(index_row(rule) for rule in RULES),
    ]
    return "\n".join(lines) + "\n"


def index_row(rule: Rule) -> str:
    """One line of the table."""
    cells = (
        f"[{rule.code}]({page_name(rule)})",
        rule.title,
        ", ".join(rule.claims),
        rule.stage,
        rule.severity,
        rule.default_binding,
    )
    return f"| {' | '.join(cells)} |"


def write(folder: Path = FOLDER) -> None:
    """Make the folder hold exactly the pages that the code asks for."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text)


def stale_pages(folder: Path = FOLDER) -> list[str]:
    """Names of pages that differ from the code, are missing, or belong to no rule."""
    wanted = pages()
    found = {path.name: path.read_text() for path in folder.iterdir()} if folder.is_dir() else {}
    return sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))


def main() -> int:
    """Write the pages."""
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
