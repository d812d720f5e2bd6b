"""How code is laid out and what it must not say: the checks behind `test_habits`."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tests.architecture.sources import Source

PUBLIC_NAMES = "paceline/__init__.py"  # re-exports what users import
KINDS = r"#\s*(?:noqa|type:\s*ignore|ruff:|mypy:|fmt:|pragma:)"
CODES = r"(?::?\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[^\]]*\]|\s*\w+)?"
IGNORE = re.compile(KINDS + CODES)
REASON = re.compile(r"\w+\W+\w+")

# Each word is broken by a pair of brackets so that this file does not report itself.
NOT_TO_BE_COMMITTED = {
    "a registry's address": re.compile(
        r"py[p]i\.org|python[h]osted|npm[j]s\.|--(?:extra-)?index[-]url"
    ),
    "a path of one machine": re.compile(
        r"(?<![\w.$}-])/(?:wor[k]|roo[t]|hom[e]/(?!me\b|you\b)\w+|opt/py[p]i)(?![\w-])"
    ),
}


def relative_imports(source: Source) -> Iterator[str]:
    """Report imports that begin with a dot."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"{source.path}:{node.lineno}: relative import; name the package"


def busy_inits(source: Source) -> Iterator[str]:
    """Report a package file that holds more than a docstring."""
    if source.path.name != "__init__.py" or source.path.as_posix() == PUBLIC_NAMES:
        return
    if len(source.tree.body) != 1 or ast.get_docstring(source.tree) is None:
        yield f"{source.path}: holds a docstring that says what lives here, and nothing else"


def bare_ignores(source: Source) -> Iterator[str]:
    """Report lint and type ignores whose line gives no reason."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type != tokenize.COMMENT:
            continue
        matches = list(IGNORE.finditer(token.string))
        if matches and not REASON.search(token.string[matches[-1].end() :]):
            yield f"{source.path}:{token.start[0]}: an ignore without its reason on the line"


def sleeping_tests(source: Source) -> Iterator[str]:
    """Report tests that sleep instead of polling with a deadline."""
    if not source.is_test or not source.path.name.startswith(("test_", "conftest")):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep"):
            yield f"{source.path}:{node.lineno}: sleeps; poll with wait_until"


def private_matters(source: Source) -> Iterator[str]:
    """Report addresses of registries and paths that exist on one machine alone."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        for what, pattern in NOT_TO_BE_COMMITTED.items():
            if pattern.search(line):
                yield f"{source.path}:{number}: {what}: {line.strip()[:80]}"
