"""What does a row say, field by field? Each word is read as what the field is.

A word that cannot be read is a problem of its row; reading goes on, so that all problems of a file come together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

import msgspec

from accord.connect.files.choices import NOUNS
from accord.connect.files.mapping import Feed
from accord.connect.files.targets import EXPECTED, STATES, TARGETS
from accord.connect.model import Kind, Rejected
from accord.kit.days import Day, Instant, midnight, parse_instant
from accord.kit.errors import InputError
from accord.kit.money import exponent_of

if TYPE_CHECKING:
    from accord.connect.files.reader import Reader

R = TypeVar("R", bound=msgspec.Struct)

_YES = frozenset(["true", "yes", "y", "1"])
_NO = frozenset(["false", "no", "n", "0"])
_WHOLE_MAX = 10**9


class Row:
    """One row of a table that feeds a target."""

    __slots__ = ("_feed", "_reader", "cells", "is_bad", "number")

    def __init__(self, reader: Reader, feed: Feed, number: int, cells: dict[str, str]) -> None:
        self._reader = reader
        self._feed = feed
        self.number = number
        self.cells = cells
        self.is_bad = False

    def word(self, field: str) -> str:
        """The words of a field, "" when it says nothing."""
        value = self._feed.fields.get(field)
        return "" if value is None else self._reader.word(self._feed, value, self, field)

    def text(self, field: str, default: str = "") -> str:
        """The words, or the default; a required field that is empty is a problem."""
        found = self.word(field)
        if not found and self._reader.is_required(self._feed, field):
            self.bad(field, "missing", f"no {field}", "Fill it in, or skip these rows.")
        return found or default

    def optional(self, field: str) -> str | None:
        """The words, None when there are none."""
        return self.word(field) or None

    def whole(self, field: str, default: int = 0) -> int:
        """A whole number, zero or more."""
        found = self.decimal(field)
        if found is None:
            return default
        if found.denominator != 1 or found > _WHOLE_MAX:
            self.bad(
                field, "not_whole", f"{field} {self.word(field)[:30]!r} is no whole number", "Correct it."
            )
            return default
        return int(found)

    def optional_whole(self, field: str) -> int | None:
        """A whole number, None when there is none."""
        return self.whole(field) if self.word(field) else None

    def decimal(self, field: str) -> Fraction | None:
        """A plain number, zero or more; None when there is none."""
        word = self.text(field)
        if not word:
            return None
        if self._is_open_question(field, "ambiguous_number"):
            return None
        try:
            return self._reader.number(self._feed, word, field)
        except InputError as error:
            self.wrong(field, error)
            return None

    def quantity(self, field: str, scale: int, *, default: int = 0, may_be_zero: bool = False) -> int:
        """Base units of stated units of an item of this scale."""
        found = self.decimal(field)
        if found is None:
            return default
        units = found * scale
        if units.denominator != 1:
            self.bad(
                field,
                "not_whole",
                f"quantity {self.word(field)[:30]!r} is finer than the item counts",
                "Give the item more decimals, or correct the quantity.",
            )
            return default
        if units > 10**12:
            self.bad(
                field, "too_large", f"quantity {self.word(field)[:30]!r} is too large", "Check its digits."
            )
            return default
        if units == 0 and not may_be_zero:
            self.bad(field, "not_positive", f"{field} is zero", "Give more than zero, or skip these rows.")
        return int(units)

    def optional_quantity(self, field: str, scale: int) -> int | None:
        """Base units, None when there are none."""
        return self.quantity(field, scale) if self.word(field) else None

    def money(self, field: str, *, may_round: bool = False) -> int:
        """Minor units; what is finer is a problem, or rounded half up and noted."""
        found = self.decimal(field)
        if found is None:
            return 0
        minor = found * 10 ** exponent_of(self._reader.currency)
        if minor.denominator == 1:
            return int(minor)
        if not may_round and not self._feed.fields[field].round:
            self.bad(
                field,
                "too_fine",
                f"{field} {self.word(field)[:30]!r} is finer than {self._reader.currency} allows",
                "Round it, or say round = true in the mapping.",
            )
            return 0
        self._reader.notes.add(
            Kind.approximated,
            f"amounts of money finer than {self._reader.currency} allows, rounded half up",
            self._where(field),
        )
        return int(minor + Fraction(1, 2))

    def optional_money(self, field: str) -> int | None:
        """Minor units, None when there are none."""
        return self.money(field) if self.word(field) else None

    def day(self, field: str) -> Day | None:
        """A date; None when there is none."""
        word = self.text(field)
        if not word:
            return None
        if self._is_open_question(field, "ambiguous_date"):
            return None
        value = self._feed.fields[field]
        try:
            return self._reader.day(self._feed, word, value.dates, field) + value.plus_days
        except InputError as error:
            self.wrong(field, error)
            return None

    def needed_day(self, field: str) -> Day:
        """A date that must be there; 1 after a problem was noted."""
        return self.day(field) or 1

    def moment(self, field: str, now: Instant) -> Instant:
        """An instant: with its zone, or a date, which means the end of it in UTC, today's being now; `now` when there is none.

        What a moment that is still to come would say of what happens until then, nobody knows.
        """
        word = self.word(field)
        if not word:
            return now
        try:
            if len(word) > 10:
                return parse_instant(word)
            day = self._reader.day(self._feed, word, self._feed.fields[field].dates, field)
            if midnight(day, "UTC") > now:
                self.bad(field, "still_to_come", f"{field} {word!r} is still to come", "Correct it.")
            return min(midnight(day + 1, "UTC") - 1, now)
        except InputError as error:
            self.wrong(field, error)
            return now

    def minute(self, field: str) -> int | None:
        """Minutes after midnight: 14:30 is 870."""
        word = self.word(field)
        if not word:
            return None
        match = re.fullmatch(r"([01]?[0-9]|2[0-4]):([0-5][0-9])(:00)?", word)
        if match is None or int(match[1]) * 60 + int(match[2]) > 1440:
            self.bad(field, "not_a_time", f"{word[:30]!r} is no time of day", "Write it as 14:30.")
            return None
        return int(match[1]) * 60 + int(match[2])

    def yes_no(self, field: str, default: bool) -> bool:
        """Yes or no."""
        word = self.word(field).lower()
        if not word:
            return default
        if word not in _YES | _NO:
            self.bad(field, "not_yes_no", f"{word[:30]!r} is neither yes nor no", "Write yes or no.")
        return word in _YES

    def names(self, field: str) -> tuple[str, ...]:
        """Names separated by |."""
        names = [name.strip() for name in self.text(field).split("|")]
        return tuple(self._reader.choices.word(field, name) for name in names if name)

    def over(self, there: R | None, made: R) -> R:
        """What was made of the row, over what is there: of what no column speaks the file says nothing, and it stays."""
        if there is None:
            return made
        said = {name for field in self._feed.fields for name in STATES.get(field, (field,))}
        stays = {name: getattr(there, name) for name in made.__struct_fields__ if name not in said}
        return msgspec.structs.replace(made, **stays)

    def known(self, name: str, names: Iterable[str] | Mapping[str, object], noun: str, field: str) -> bool:
        """Whether the name is there; a problem when it is not."""
        if not name or name in names:
            return bool(name)
        self.bad(
            field,
            f"unknown_{noun}",
            f"unknown {noun} {name[:60]!r}",
            "Create it first, map it, or skip these rows.",
            word=name,
        )
        return False

    def wrong(self, field: str, error: InputError) -> None:
        """The kit could not read a word."""
        one = error.errors[0]
        what, _, fix = one.detail.partition(". ")
        self.bad(field, one.code, what[:1].lower() + what[1:], fix or "Correct it.")

    def bad(self, field: str, code: str, what: str, fix: str, *, word: str = "") -> None:
        """Note a problem of this row; where somebody said to skip such rows, the row is left out and kept for the report."""
        file, column = self._reader.file(self._feed), self._column(field)
        if not self.is_bad:
            self._reader.reject(
                Rejected(file=file, row=self.number, column=column, code=code, why=what, cells=self.cells)
            )
        self.is_bad = True
        if self._reader.choices.skips(code, word or column):
            return
        self._reader.problems.add(
            code=code,
            what=what,
            fix=fix,
            file=file,
            column=column,
            row=self.number,
            word=word or column,
            expected=self._expected(field),
        )

    def _expected(self, field: str) -> str:
        found = TARGETS[self._feed.target].fields.get(field)
        return "" if found is None else EXPECTED.get(NOUNS.get(field, ""), EXPECTED[found.as_])

    def _is_open_question(self, field: str, code: str) -> bool:
        """Whether nobody has said how this column is read."""
        if not self._reader.questions:
            return False
        question = self._reader.questions.get((self._reader.file(self._feed), self._column(field)))
        if question is None:
            return False
        self.bad(field, code, question.sentence, "Say which one is meant.")
        return True

    def _column(self, field: str) -> str:
        value = self._feed.fields.get(field)
        return field if value is None or value.column is None else value.column

    def _where(self, field: str) -> str:
        return f"{self._reader.file(self._feed)} row {self.number}"
