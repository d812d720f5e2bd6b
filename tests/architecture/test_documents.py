"""What the documents name exists: files, commands with their options, make targets, endpoints."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any  # Any: the command line's library describes itself without types

import pytest
import typer.main

from app.api.app import create_app
from app.db.database import Database
from app.services.context import Context
from app.settings import Settings
from paceline.cli.main import app
from tests.architecture.sources import ROOT, Source, read_sources

DOCUMENTS = [s for s in read_sources(suffix=".md") if s.path.parts[0] in ("README.md", "docs")]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
ENDPOINT = re.compile(r"\b(GET|POST|PATCH|PUT|DELETE) (/v1/[\w{}./-]*)")
each_document = pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.path))


def missing_files(page: Source) -> Iterator[str]:
    """Links to files that are not there."""
    folder = (ROOT / page.path).parent
    for target in LINK.findall(page.text):
        if not (folder / target).exists():
            yield f"{page.path}: no file {target}"


def wrong_commands(page: Source) -> Iterator[str]:
    """Lines that begin with `paceline` and name a command or an option that does not exist."""
    for line in [*lines_of_blocks(page.text), *INLINE.findall(page.text)]:
        words = line.removeprefix(".venv/bin/")
        if re.match(r"paceline [a-z]", words):
            yield from complaints(shlex.split(words, comments=True)[1:], f"{page.path}: {line}")


def lines_of_blocks(text: str) -> list[str]:
    """Each line of the fenced blocks, without the spaces around it; continued lines as one."""
    blocks = (block.replace("\\\n", " ") for block in BLOCK.findall(text))
    return [line.strip() for block in blocks for line in block.splitlines()]


def complaints(words: list[str], where: str) -> Iterator[str]:
    """Follow the words through the command line's own description of itself."""
    command: Any = typer.main.get_command(app)  # Any: see the import
    left = iter(words)
    for word in left:
        if word.startswith("--"):
            options = {opt: param for param in command.params for opt in param.opts}
            if word not in options:
                yield f"{where}: {command.name} has no option {word}"
            elif not options[word].is_flag:
                next(left, None)  # its value
        elif hasattr(command, "commands"):
            if word not in command.commands:
                yield f"{where}: there is no command {word}"
                return
            command = command.commands[word]


def missing_targets(page: Source) -> Iterator[str]:
    """Targets that the Makefile does not have."""
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = [*lines_of_blocks(page.text), *INLINE.findall(page.text)]
    for line in told:
        found = re.match(r"make ([a-z-]+)", line)
        if found and found.group(1) not in known:
            yield f"{page.path}: there is no target {found.group(1)}"


def missing_endpoints(page: Source) -> Iterator[str]:
    """Endpoints that the service does not have, whatever their parameters are called."""
    for method, path in ENDPOINT.findall(page.text):
        if f"{method} {nameless(path)}" not in served():
            yield f"{page.path}: {method} {path} is not served"


@cache
def served() -> frozenset[str]:
    """Method and path of the OpenAPI document, parameters without their names."""
    paths = create_app(Context(Database("sqlite://"), Settings())).openapi()["paths"]
    return frozenset(f"{m.upper()} {nameless(p)}" for p, methods in paths.items() for m in methods)


def nameless(path: str) -> str:
    """`/v1/studies/{study_id}` -> `/v1/studies/{}`; a word in capitals is a parameter, too."""
    return re.sub(r"{[^}]*}|(?<=/)[A-Z]+\b", "{}", path).rstrip("/.")


@each_document
@pytest.mark.parametrize(
    "check", [missing_files, wrong_commands, missing_targets, missing_endpoints]
)
def test_what_a_document_names_exists(check: Any, page: Source) -> None:  # Any: a function
    assert list(check(page)) == []


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (missing_files, "see [there](no-such-page.md#part)"),
        (wrong_commands, "```\npaceline teach me\n```"),
        (wrong_commands, "```sh\n.venv/bin/paceline up --port 1 \\\n   --colour red\n```"),
        (wrong_commands, "type `paceline study forget STUDY`"),
        (missing_targets, "```\nmake coffee      # now\n```"),
        (missing_endpoints, "`POST /v1/studies/{id}/forget`"),
    ],
)
def test_what_is_not_there_is_named(check: Any, text: str) -> None:  # Any: a function
    page = Source(ROOT.joinpath("docs", "planted.md").relative_to(ROOT), text)
    assert len(list(check(page))) == 1


def test_what_is_there_is_left_alone() -> None:
    text = "[a](status.md) `paceline recommend STUDY --accept` `make test` `GET /v1/studies/STUDY`"
    page = Source(ROOT.joinpath("docs", "planted.md").relative_to(ROOT), text)
    for check in (missing_files, wrong_commands, missing_targets, missing_endpoints):
        assert list(check(page)) == []
