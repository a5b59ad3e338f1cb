"""What is wrong with the rows, in groups of what to do about it?

A file with ten thousand rows of an item that nobody knows has one problem, not ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from accord.connect.files.choices import CREATED, MAPPED
from accord.connect.model import Question, Rejected
from accord.kit.errors import FieldError, InputError

_ROWS_SHOWN = 5
_GROUPS_SHOWN = 100


class NotImported(InputError):
    """Rows of the files cannot come in as they are; nothing was imported."""

    code = "not_imported"
    title = "The files cannot come in as they are"
    rejected: tuple[Rejected, ...] = ()  # the rows, for whoever repairs them
    problems: tuple[Problem, ...] = ()  # all of them; `extra` lists the first


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to repair, in however many rows it stands."""

    code: str
    what: str  # "unknown item 'X-9'"
    fix: str  # "Create it first, map it, or skip these rows."
    file: str
    column: str
    rows: tuple[int, ...]
    word: str  # that a choice names: `unknown_item:X-9`
    expected: str  # what should stand there

    @property
    def choice(self) -> str:
        """The name of the choice that repairs it in all rows."""
        return f"{self.code}:{self.word}"

    @property
    def ways(self) -> tuple[str, ...]:
        """What may be chosen."""
        noun = self.code.removeprefix("unknown_")
        made = ("create",) if noun != self.code and noun in CREATED else ()
        mapped = ("map NAME",) if noun != self.code and noun in MAPPED else ()
        return (*made, *mapped, "skip")

    @property
    def sentence(self) -> str:
        """For a person: how many rows, what, where, what to do."""
        count = len(self.rows)
        shown = ", ".join(str(row) for row in self.rows[:_ROWS_SHOWN])
        more = f" and {count - _ROWS_SHOWN:,} more" if count > _ROWS_SHOWN else ""
        rows = f"{count:,} rows" if count != 1 else "1 row"
        return f"{rows}: {self.what} ({self.file}, column {self.column}, row {shown}{more}). {self.fix}"


class Problems:
    """Gathers what is wrong until all rows were read."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str, str, str, str, str], list[int]] = {}
        self.rows = 0  # with a problem, by now

    def add(
        self,
        *,
        code: str,
        what: str,
        fix: str,
        file: str,
        column: str,
        row: int,
        word: str = "",
        expected: str = "",
    ) -> None:
        """One row with a problem; the same problem in another row joins it."""
        self._found.setdefault((code, what, fix, file, column, word or column, expected), []).append(row)
        self.rows += 1

    def all(self) -> tuple[Problem, ...]:
        """Every problem, the one in most rows first."""
        found = [
            Problem(
                code=code,
                what=what,
                fix=fix,
                file=file,
                column=column,
                rows=tuple(rows),
                word=word,
                expected=expected,
            )
            for (code, what, fix, file, column, word, expected), rows in self._found.items()
        ]
        return tuple(sorted(found, key=lambda one: (-len(one.rows), one.file, one.rows)))

    def stop(self, questions: Iterable[Question] = (), rejected: Iterable[Rejected] = ()) -> None:
        """Raises: InputError with every problem, when there is any."""
        found = self.all()
        if not found:
            return
        errors = [
            FieldError(f"{one.file}:{one.rows[0]}:{one.column}", one.code, one.sentence)
            for one in found[:_GROUPS_SHOWN]
        ]
        first = "one problem" if len(found) == 1 else f"{len(found):,} different problems"
        count = len({(one.file, row) for one in found for row in one.rows})
        rows = "1 row" if count == 1 else f"{count:,} rows"
        hidden = f" The first {_GROUPS_SHOWN} are listed." if len(found) > _GROUPS_SHOWN else ""
        error = NotImported(
            f"Nothing was imported: {first} in {rows}.{hidden} {found[0].sentence}",
            errors=errors,
            extra={
                "questions": [msgspec.to_builtins(one) for one in questions],
                "problems": [
                    {
                        "code": one.code,
                        "what": one.what,
                        "fix": one.fix,
                        "file": one.file,
                        "column": one.column,
                        "count": len(one.rows),
                        "rows": list(one.rows[:1_000]),
                        "expected": one.expected,
                        "choice": one.choice,
                        "ways": list(one.ways),
                    }
                    for one in found[:_GROUPS_SHOWN]
                ],
            },
        )
        error.rejected = tuple(rejected)
        error.problems = found
        raise error
