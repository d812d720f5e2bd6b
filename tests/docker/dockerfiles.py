"""Our rules for Dockerfiles; each yields complaints about one file's instructions."""

import fnmatch
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Dockerfile:
    """The instructions of a Dockerfile, each as (word, rest), with arguments filled in."""

    text: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def of(self, word: str) -> list[str]:
        """What follows each instruction of this kind."""
        return [rest for name, rest in self.instructions if name == word]

    @property
    def last_stage(self) -> list[tuple[str, str]]:
        """The instructions that make the image itself."""
        starts = [number for number, (word, _) in enumerate(self.instructions) if word == "FROM"]
        return self.instructions[starts[-1] :] if starts else []


def parse(text: str) -> Dockerfile:
    """Join continued lines, leave out comments, fill in arguments that have a default."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    instructions = []
    defaults: dict[str, str] = {}
    for line in filter(str.strip, joined.splitlines()):
        word, _, rest = line.strip().partition(" ")
        for name, value in defaults.items():
            rest = rest.replace(f"${{{name}}}", value)
        if word.upper() == "ARG" and "=" in rest:
            name, value = rest.split("=", 1)
            defaults[name] = value
        instructions.append((word.upper(), rest.strip()))
    return Dockerfile(text, instructions)


def floating_bases(file: Dockerfile) -> Iterator[str]:
    """Report a base image without a tag, or tagged latest."""
    stages = {rest.split(" AS ")[1] for rest in file.of("FROM") if " AS " in rest}
    for rest in file.of("FROM"):
        image = rest.split()[0]
        if image not in stages and (":" not in image or image.endswith(":latest")):
            yield f"FROM {image}: name a version"


def root_at_the_end(file: Dockerfile) -> Iterator[str]:
    """Report an image whose process would be root."""
    users = [rest for word, rest in file.last_stage if word == "USER"]
    if not users or users[-1] in ("root", "0"):
        yield "the last USER must be somebody other than root"


def missing_healthcheck(file: Dockerfile) -> Iterator[str]:
    """Report an image that cannot say how it is."""
    if not any(word == "HEALTHCHECK" for word, _ in file.last_stage):
        yield "HEALTHCHECK is missing"


def shell_commands(file: Dockerfile) -> Iterator[str]:
    """Report commands in shell form: signals would reach the shell, not the process."""
    for word, rest in file.instructions:
        command = rest.split("CMD", 1)[1].strip() if word == "HEALTHCHECK" else rest
        if word in ("CMD", "ENTRYPOINT", "HEALTHCHECK") and not command.startswith("["):
            yield f"{word} {rest}: use the JSON form"


def untidy_installs(file: Dockerfile) -> Iterator[str]:
    """Report installs that leave their lists, caches or unverified packages in the image."""
    for rest in file.of("RUN"):
        if "apt-get install" in rest and "rm -rf /var/lib/apt/lists" not in rest:
            yield f"RUN {rest}: remove the package lists in the same instruction"
        if "pip install" in rest and "--no-cache-dir" not in rest:
            yield f"RUN {rest}: pip keeps its cache; say --no-cache-dir"
        if "pip install" in rest and "-r " in rest and "--require-hashes" not in rest:
            yield f"RUN {rest}: install a lock with --require-hashes"


def remote_or_secret(file: Dockerfile) -> Iterator[str]:
    """Report ADD, and secrets baked into the image."""
    for rest in file.of("ADD"):
        yield f"ADD {rest}: use COPY"
    for word in ("ENV", "ARG"):
        for rest in file.of(word):
            if re.search(r"(?i)password|secret|token", rest):
                yield f"{word} {rest}: a secret does not belong into an image"


def copied_sources(file: Dockerfile) -> list[str]:
    """Name what is copied from the build context."""
    copies = [rest for rest in file.of("COPY") if not rest.startswith("--from=")]
    return [source for rest in copies for source in shlex.split(rest)[:-1]]


def missing_sources(file: Dockerfile, context: Path) -> Iterator[str]:
    """Report copied paths that do not exist, or that .dockerignore keeps out of the context."""
    kept = [
        line[1:] for line in (context / ".dockerignore").read_text().splitlines() if "!" in line
    ]
    for source in copied_sources(file):
        if not (context / source).exists():
            yield f"COPY {source}: there is no such file"
        if not any(fnmatch.fnmatch(source.split("/")[0], pattern) for pattern in kept):
            yield f"COPY {source}: .dockerignore keeps it out"


def healthcheck(file: Dockerfile) -> list[str]:
    """The command of the image's health check."""
    (rest,) = file.of("HEALTHCHECK")
    command: list[str] = json.loads(rest.split("CMD", 1)[1])
    return command


RULES = (
    floating_bases,
    root_at_the_end,
    missing_healthcheck,
    shell_commands,
    untidy_installs,
    remote_or_secret,
)
