"""One word per idea: the checks behind `test_names`."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import Source

EMPTY_WORDS = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}
# The glossary has other words for these ideas: round, horizon, step, sampler, winner.
NOT_IN_THE_GLOSSARY = {"experiment", "rung", "epoch", "pruner", "tuner", "incumbent", "survivor"}


def empty_module_names(source: Source) -> Iterator[str]:
    """Report a module or package whose name says nothing."""
    for part in source.path.with_suffix("").parts:
        if part in EMPTY_WORDS:
            yield f"{source.path}: {part!r} names no idea"


def foreign_words(source: Source) -> Iterator[str]:
    """Report modules, classes and tables of `app` named by a word that the glossary bans."""
    if source.path.parts[0] != "app":
        return
    for where, name in [*module_names(source), *class_names(source), *table_names(source)]:
        for word in words_of(name) & NOT_IN_THE_GLOSSARY:
            yield f"{where}: {name} says {word!r}, for which the glossary has another word"


def words_of(name: str) -> set[str]:
    """Split a camel-case or snake-case name into lower-case words, in the singular."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return {word.lower().removesuffix("s") for word in words}


def module_names(source: Source) -> list[tuple[str, str]]:
    """Name the file and its folders."""
    return [(str(source.path), part) for part in source.path.with_suffix("").parts]


def class_names(source: Source) -> list[tuple[str, str]]:
    """Name the classes with their places."""
    classes = [node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
    return [(f"{source.path}:{node.lineno}", node.name) for node in classes]


def table_names(source: Source) -> list[tuple[str, str]]:
    """Name the tables, declared by class or by `Table(...)`, with their places."""
    found = []
    for node in ast.walk(source.tree):
        value = table_name(node)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found.append((f"{source.path}:{value.lineno}", value.value))
    return found


def table_name(node: ast.AST) -> ast.expr | None:
    """Return the expression that names a table, when `node` declares one."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.value if node.targets[0].id == "__tablename__" else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        return node.args[0] if node.func.id == "Table" else None
    return None


def vague_test_names(source: Source) -> Iterator[str]:
    """Report tests whose names are no sentences: fewer than three words after `test`."""
    if not source.is_test:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        if len(node.name.split("_")) < 4:
            yield f"{source.path}:{node.lineno}: {node.name} is no sentence"
