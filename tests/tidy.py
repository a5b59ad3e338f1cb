"""The house rules a machine can hold, each a function from a source tree to what it found there."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

LINES_MAX = 450

# Words of foreign systems stay in their connector; docs/glossary.md says what we call these things.
FOREIGN = re.compile(
    r"(?<![a-z])(skus?|warehouses?|stockpoints?|reservations?|bookings?|locations?|quotas?|backorders?|kpis?)(?![a-z])",
    re.IGNORECASE,
)
# Headers and the browser have words of their own.
NOT_OURS = re.compile(
    r"""script_location|["']Location["']|Content-Location|window\.location|location\.(href|hash|search|pathname)"""
)

# Put together here, so that this file may be searched as well.
ELSEWHERE = re.compile(
    "|".join(
        [
            "/(wo" + r"rk|fa" + r"rm)/[\w.-]",
            r"\.lib" + "rary/",
            "/root" + "/",
            "/opt/py" + "pi",
            "/opt/wh" + "eels",
        ]
        + ["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.org", "conda" + r"\.anaconda\.org"]
    )
)

# The moment comes from the store and the chance from the caller: neither is read where things are decided or recorded.
WALL_CLOCK = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
PARTS = {"ledger", "policy", "promise", "exceptions", "signals", "customers", "scorecard"}
QUESTIONS = {"model", "decide", "words", "store", "service", "api", "pages", "jobs"}

Rule = Callable[[Path], Iterator[str]]


def long_files(package: Path) -> Iterator[str]:
    """A file that has outgrown its reader is split by noun inside its question."""
    for path in _sources(package):
        lines = len(path.read_text().splitlines())
        is_drafted = "versions" in path.relative_to(package).parts  # schema steps: one table after the other
        if lines > LINES_MAX and not is_drafted:
            yield f"{path.relative_to(package)}: {lines} lines, {LINES_MAX} at most"


def wordy_inits(package: Path) -> Iterator[str]:
    """A part's __init__ is its question in one line and imports nothing."""
    for path in package.rglob("__init__.py"):
        if (QUESTIONS | {"cli"}) & set(path.relative_to(package).parts):
            continue  # a question that became a folder: its __init__ holds the one public function
        tree = ast.parse(path.read_text())
        if len(tree.body) != 1 or len((ast.get_docstring(tree) or "\n\n").splitlines()) != 1:
            yield f"{path.relative_to(package)}: one docstring of one line, nothing else"


def missing_docstrings(package: Path) -> Iterator[str]:
    """The first line of a module answers the file's question."""
    for path in _sources(package):
        if ast.get_docstring(ast.parse(path.read_text())) is None:
            yield f"{path.relative_to(package)}: no module docstring"


def foreign_words(package: Path) -> Iterator[str]:
    """One word a thing: the words of foreign systems stay in connect."""
    for path in [*_sources(package), *sorted(package.rglob("*.html"))]:
        if path.relative_to(package).parts[0] == "connect":
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for word in FOREIGN.findall(NOT_OURS.sub("", line)):
                yield f"{path.relative_to(package)}:{number}: '{word}' is a foreign word, see docs/glossary.md"


def prints(package: Path) -> Iterator[str]:
    """Only the command line speaks on standard output."""
    for path in _sources(package):
        if path.relative_to(package).parts[0] in ("cli", "cli.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield f"{path.relative_to(package)}:{node.lineno}: print outside the command line"


def wall_clocks(package: Path) -> Iterator[str]:
    """In a part, `now` is an argument or comes from the store."""
    for path in _sources(package):
        if path.relative_to(package).parts[0] not in PARTS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and any(
                re.search(rf"(^|\.){re.escape(clock)}$", ast.unparse(node.func)) for clock in WALL_CLOCK
            ):
                yield f"{path.relative_to(package)}:{node.lineno}: {ast.unparse(node.func)} reads a clock"


def floats_in_decide(package: Path) -> Iterator[str]:
    """Decisions replay byte for byte, so quantities, money and weights are integers."""
    for path in _sources(package):
        if "decide" not in path.relative_to(package).with_suffix("").parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                (isinstance(node, ast.Constant) and isinstance(node.value, float))
                or (isinstance(node, ast.Name) and node.id == "float")
                or (isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div))
            ):
                yield f"{path.relative_to(package)}:{node.lineno}: a float where things are decided"


def paths_of_elsewhere(root: Path) -> Iterator[str]:
    """Nothing here names the machine it was written on, or where packages come from."""
    for path in _committed(root):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if ELSEWHERE.search(line):
                yield f"{path.relative_to(root)}:{number}: names a place outside the project"


PACKAGE_RULES: list[Rule] = [
    long_files, wordy_inits, missing_docstrings, foreign_words, prints, wall_clocks, floats_in_decide,
]  # fmt: skip


def _sources(package: Path) -> list[Path]:
    return sorted(package.rglob("*.py"))


def _committed(root: Path) -> Iterator[Path]:
    made = {".git", ".venv", ".bench", "vendor", "dist", "build", "htmlcov", "__pycache__", ".hypothesis"}
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and not made & set(parts) and not any(part.endswith("_cache") for part in parts):
            yield path
