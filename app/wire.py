"""The one place where domain values become JSON and back: pydantic's adapters over the frozen
dataclasses.

Numbers are strict (a string is never a number), unknown fields are errors, tuples stand for JSON
lists.
"""

from typing import Any, TypeVar  # Any: JSON

from pydantic import TypeAdapter

T = TypeVar("T")


_adapters: dict[type, TypeAdapter[Any]] = {}  # Any: one of each kind


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """The adapter of a dataclass; building it costs milliseconds, so it is kept."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def from_json(kind: type[T], body: bytes | str) -> T:
    """A domain value from JSON text, strictly. Raises pydantic.ValidationError."""
    return adapter(kind).validate_json(body, strict=True)


def to_wire(value: object) -> Any:
    """A JSON-ready structure of a domain value (dicts, lists, numbers, strings)."""
    return adapter(type(value)).dump_python(value, mode="json")


def from_wire(kind: type[T], value: Any) -> T:
    """A domain value from a JSON-ready structure that we wrote ourselves (the database's JSON
    columns)."""
    return adapter(kind).validate_python(value)
