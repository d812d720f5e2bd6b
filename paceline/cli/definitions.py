"""Definitions from files: YAML 1.2 words (only true and false are booleans, 1e-4 is a number), or
JSON."""

import re
from pathlib import Path
from typing import Any  # Any: YAML

import typer
import yaml

_FLOAT = re.compile(
    r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$"
)
_INT = re.compile(r"^[-+]?[0-9]+$")
_BOOL = re.compile(r"^(true|True|TRUE|false|False|FALSE)$")
_NULL = re.compile(r"^(~|null|Null|NULL|)$")


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema: in 1.1 `off:` is a false key and `1e-4` a string."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape


for _tag, _pattern, _first in (
    ("bool", _BOOL, "tTfF"),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
    ("null", _NULL, "~nN\0"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, list(_first))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, [""])


def read_definition(file: Path) -> dict[str, Any]:  # Any: YAML
    """A definition from YAML or JSON. Raises typer.BadParameter naming the line that is wrong."""
    try:
        document = yaml.load(file.read_text(), Loader=_Loader)
    except OSError as error:
        raise typer.BadParameter(f"cannot read {file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise typer.BadParameter(f"{file} is no valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise typer.BadParameter(
            f"{file} must hold named fields, one below the other (max_train_steps: 100)"
        )
    return document
