"""How is a file written? Encoding, separator, form of dates and numbers, each with what it was told by.

What can be read in several ways is a question and no guess: `03/04/26` is a day in April or in March, and whoever sends
the file knows. A value elsewhere in the same column may settle it: after 25/04/26 there is only one reading.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime

from accord.connect.files.choices import Choices
from accord.connect.files.tables import kind_of
from accord.connect.model import Finding, Question, Way
from accord.kit.errors import InputError

_SEPARATORS = ",;\t|"
_SAMPLE_ROWS = 200
_NUMBERS = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_POINT = re.compile(r"-?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?")
_COMMA = re.compile(r"-?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SHOWN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def encoding_of(name: str, data: bytes, choices: Choices) -> Finding:
    """Which encoding the bytes are in: what was said, a byte order mark, valid UTF-8, or else the guess CP1252."""
    said = choices.reading("encoding", name)
    if said is not None:
        return Finding(file=name, what="encoding", reading=said, evidence="you said so")
    if data.startswith(b"\xef\xbb\xbf"):
        return Finding(
            file=name, what="encoding", reading="utf-8", evidence="it begins with the mark of UTF-8"
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Finding(
            file=name, what="encoding", reading="utf-16", evidence="it begins with the mark of UTF-16"
        )
    half = max(1, len(data[:4_000]) // 2)
    for reading, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        if (
            len(data) > 3
            and data[first:4_000:2].count(0) > 0.7 * half
            and not data[1 - first : 4_000 : 2].count(0)
        ):
            evidence = "every second byte is zero, as UTF-16 writes western text"
            return Finding(file=name, what="encoding", reading=reading, evidence=evidence)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _eight_bit(name, data, error)
    plain = data.isascii()
    evidence = (
        "all of it is plain ASCII" if plain else "all of it is valid UTF-8, which other text hardly ever is"
    )
    return Finding(file=name, what="encoding", reading="utf-8", evidence=evidence)


def _eight_bit(name: str, data: bytes, error: UnicodeDecodeError) -> Finding:
    row = data.count(b"\n", 0, error.start) + 1
    try:
        text = data.decode("cp1252")
        reading = "cp1252" if _CONTROLS.search(text) is None else "utf-8"
    except UnicodeDecodeError:
        reading = "utf-8"  # neither: reading it as UTF-8 names the byte that does not fit
        text = ""
    begin, end = max(0, error.start - 12), error.start + 12
    shown = text[begin:end].replace("\r", " ").replace("\n", " ").strip() if reading == "cp1252" else ""
    evidence = (
        f"byte {error.start + 1} in row {row} is not UTF-8; as CP1252 it reads {shown!r}: a guess, look at it"
    )
    return Finding(file=name, what="encoding", reading=reading, evidence=evidence)


def delimiter_of(name: str, text: str, choices: Choices) -> Finding:
    """Which mark separates the cells: the only one with which all rows have as many cells as the header.

    Raises: InputError when several do.
    """
    said = choices.reading("delimiter", name)
    if said is not None:
        mark = "\t" if said in ("tab", "\\t") else said
        if len(mark) != 1:
            raise InputError.at(
                f"say:delimiter:{name}", "not_a_choice", "A separator is one character, or tab."
            )
        return Finding(file=name, what="delimiter", reading=mark, evidence="you said so")
    header = text.partition("\n")[0]
    found = [mark for mark in _SEPARATORS if mark in header]
    if len(found) > 1:
        widths = {mark: _widths(text, mark) for mark in found}
        even = [mark for mark in found if len(widths[mark]) == 1]
        rows = text.count("\n", 0, 100_000)
        if len(even) == 1 and rows > 1:
            evidence = (
                f"with the {_SHOWN[even[0]]} all rows have {max(widths[even[0]])} cells, with no other mark"
            )
            return Finding(file=name, what="delimiter", reading=even[0], evidence=evidence)
        shown = " and ".join(repr(mark) for mark in found)
        detail = (
            f'The header of {name} holds {shown}. Say which one separates: delimiter:{name}=";",'
            ' or delimiter = ";" in a mapping.'
        )
        raise InputError.at(name, "ambiguous_delimiter", detail)
    mark = found[0] if found else ","
    evidence = f"the header holds no other mark than the {_SHOWN[mark]}" if found else "there is one column"
    return Finding(file=name, what="delimiter", reading=mark, evidence=evidence)


def separators_of(name: str, text: str) -> tuple[tuple[str, str], ...]:
    """The marks that may separate the cells with their words, where only a person knows which; none where it is plain."""
    try:
        delimiter_of(name, text, Choices())
    except InputError:
        header = text.partition("\n")[0]
        return tuple((mark, _SHOWN[mark]) for mark in _SEPARATORS if mark in header)
    return ()


def _widths(text: str, mark: str) -> set[int]:
    try:
        rows = csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=mark, strict=True)
        found = [len(row) for row, _ in zip(rows, range(_SAMPLE_ROWS), strict=False) if row]
    except csv.Error:
        return set()
    return set(found if len(text) <= 200_000 else found[:-1])


def dates_of(file: str, column: str, words: Iterable[str], choices: Choices) -> Finding | Question | None:
    """In which order a column's dates stand; None where they are all year-month-day, or no dates at all."""
    said = choices.reading("dates", file, column)
    if said is not None:
        return Finding(file=file, column=column, what="dates", reading=said, evidence="you said so")
    found = [
        (word, match)
        for word in dict.fromkeys(words)
        if (match := _NUMBERS.fullmatch(word)) is not None and len(match[1]) < 3
    ]
    if not found:
        return None
    mark, year = found[0][1][2], "%Y" if len(found[0][1][4]) == 4 else "%y"
    forms = [f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}"]
    fits = [form for form in forms if all(_as_date(word, form) is not None for word, _ in found)]
    if len(fits) == 1:
        other = next(form for form in forms if form not in fits)
        only = next(word for word, _ in found if _as_date(word, other) is None)
        evidence = f"{only} has only this reading, and the column is in one form"
        return Finding(file=file, column=column, what="dates", reading=fits[0], evidence=evidence)
    if not fits:
        return None  # no form fits all: each row says so itself
    sample = next((word for word, match in found if match[1] != match[3]), None)
    if sample is None:
        evidence = "day and month are the same in every row"
        return Finding(file=file, column=column, what="dates", reading=fits[0], evidence=evidence)
    ways = tuple(Way(say=form, means=f"{_as_date(sample, form):%-d %B %Y}") for form in fits)
    return Question(id=f"dates:{file}:{column}", file=file, column=column, sample=sample, ways=ways)


def _as_date(word: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(word, form)  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return None


def decimal_of(
    file: str, column: str, words: Iterable[str], choices: Choices, *, is_office: bool
) -> Finding | Question | None:
    """Which sign a column's numbers have before their decimals; None where none has one.

    `is_office`: the file is separated by semicolons, as it is where the comma is the decimal sign.
    """
    said = choices.reading("decimal", file, column)
    if said is not None:
        return Finding(file=file, column=column, what="decimal", reading=said, evidence="you said so")
    found = [word for word in dict.fromkeys(words) if "." in word or "," in word]
    if not found:
        return None
    point = all(_POINT.fullmatch(word) for word in found)
    comma = all(_COMMA.fullmatch(word) for word in found)
    if point != comma:
        other = _COMMA if point else _POINT
        only = next(word for word in found if other.fullmatch(word) is None)
        reading = "." if point else ","
        evidence = f"{only} has only this reading, and the column is in one form"
        return Finding(file=file, column=column, what="decimal", reading=reading, evidence=evidence)
    if not point:
        return None  # neither: each row says so itself
    if not any("," in word for word in found) and not is_office:
        evidence = "there are points, no commas, and the file is not of the kind that writes decimal commas"
        return Finding(file=file, column=column, what="decimal", reading=".", evidence=evidence)
    sample = found[0]
    return Question(
        id=f"decimal:{file}:{column}",
        file=file,
        column=column,
        sample=sample,
        ways=(
            Way(say=".", means=sample.replace(",", "")),
            Way(say=",", means=sample.replace(".", "").replace(",", ".")),
        ),
    )


def is_text(name: str, data: bytes) -> bool:
    """Whether encoding and separator are a question at all."""
    return kind_of(name, data) == "csv"
