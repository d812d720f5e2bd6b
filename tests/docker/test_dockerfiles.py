"""The Dockerfiles keep our rules, and each rule is seen to bite."""

import pytest

from tests.architecture.sources import ROOT
from tests.docker import dockerfiles
from tests.docker.dockerfiles import RULES, Dockerfile, parse

FILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
GOOD = """\
FROM python:3.12-slim
RUN pip install --no-cache-dir --require-hashes -r x.lock
USER somebody
HEALTHCHECK CMD ["true"]
CMD ["paceline"]
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_dockerfile_keeps_every_rule(path: object) -> None:
    file = read(str(path))

    assert [complaint for rule in RULES for complaint in rule(file)] == []
    assert list(dockerfiles.missing_sources(file, ROOT)) == []


def test_there_is_one_image_for_servers_and_one_for_workers() -> None:
    assert [path.name for path in FILES] == ["server.Dockerfile", "worker.Dockerfile"]


def test_a_good_dockerfile_is_left_alone() -> None:
    assert [complaint for rule in RULES for complaint in rule(parse(GOOD))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("python:3.12-slim", "python"),
        ("python:3.12-slim", "python:latest"),
        ("USER somebody", "USER root"),
        ("USER somebody\n", ""),
        ('HEALTHCHECK CMD ["true"]\n', ""),
        ('HEALTHCHECK CMD ["true"]', "HEALTHCHECK CMD true"),
        ('CMD ["paceline"]', "CMD paceline"),
        ("RUN ", "RUN apt-get update && apt-get install -y git && "),
        (" --no-cache-dir", ""),
        (" --require-hashes", ""),
        ("USER somebody", "ADD x.tar /x\nUSER somebody"),
        ("USER somebody", "ENV API_TOKEN=x\nUSER somebody"),
    ],
)
def test_a_planted_fault_is_reported_once(old: str, new: str) -> None:
    assert old in GOOD
    file = parse(GOOD.replace(old, new, 1))

    assert len([complaint for rule in RULES for complaint in rule(file)]) == 1


def test_a_copied_file_that_is_missing_or_ignored_is_reported() -> None:
    file = parse("FROM a:1\nCOPY nowhere.txt tests ./\n")

    found = list(dockerfiles.missing_sources(file, ROOT))

    assert found == [
        "COPY nowhere.txt: there is no such file",
        "COPY nowhere.txt: .dockerignore keeps it out",
        "COPY tests: .dockerignore keeps it out",
    ]


def read(path: str) -> Dockerfile:
    """Parse a Dockerfile from disk."""
    with open(path, encoding="utf-8") as file:
        return parse(file.read())
