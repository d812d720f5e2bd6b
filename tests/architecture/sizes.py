"""Files fit two screens and functions one: the checks behind `test_sizes`."""

import ast
from collections.abc import Iterator

from tests.architecture.sources import Source

FILE_LINES = 400
TEST_FILE_LINES = 600
FUNCTION_LINES = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_files(source: Source) -> Iterator[str]:
    """Report a file with more lines than its kind may have."""
    if is_migration(source):
        return
    limit = TEST_FILE_LINES if source.is_test else FILE_LINES
    lines = len(source.text.splitlines())
    if lines > limit:
        yield f"{source.path}: {lines} lines, at most {limit}; split it by idea"


def long_functions(source: Source) -> Iterator[str]:
    """Report functions whose code, without the docstring, does not fit one screen."""
    for node in [] if is_migration(source) else ast.walk(source.tree):
        if isinstance(node, Function) and code_lines(node) > FUNCTION_LINES:
            place = f"{source.path}:{node.lineno}"
            yield f"{place}: {node.name} has {code_lines(node)} lines, at most {FUNCTION_LINES}"


def is_migration(source: Source) -> bool:
    """Tell whether the file is one step of the schema: written once, never restructured."""
    return source.path.parts[:2] == ("migrations", "versions")


def code_lines(function: Function) -> int:
    """Count a function's lines from `def` to its end, its docstring left out."""
    return (function.end_lineno or 0) - function.lineno + 1 - docstring_lines(function)


def docstring_lines(function: Function) -> int:
    """Count the lines of a function's docstring."""
    if ast.get_docstring(function) is None:
        return 0
    first = function.body[0]
    return (first.end_lineno or 0) - first.lineno + 1
