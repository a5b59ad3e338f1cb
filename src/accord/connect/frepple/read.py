"""How is a frePPLe model read? Django fixtures, plain or gzip: a list of {"model": "input.item", "fields": {...}}."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from accord.connect.frepple import words
from accord.connect.model import Kind, Note, Notes
from accord.kit.digest import digest
from accord.kit.errors import InputError, Malformed

T = TypeVar("T", bound=msgspec.Struct)

BYTES_MAX = 2 * 1024**3  # unpacked; a gzip file of a few kilobytes can hold terabytes
_DIGITS_MAX = 30
_DURATION_MAX = timedelta(days=100 * 366)
_GZIP = b"\x1f\x8b"
_SECONDS = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_CLOCK = re.compile(r"(?:([0-9]{1,5}) )?([0-9]{1,3}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?")

_HINTS = {
    name: {field.name: str(field.type) for field in msgspec.structs.fields(type_)}
    for name, type_ in words.MODELS.items()
}

# What the primary key of a model says, where it says something; elsewhere it is only a number.
_KEYS = {
    name: "reference" if name == "operationplan" else "name"
    for name, hints in _HINTS.items()
    if name == "operationplan" or ("name" in hints and issubclass(words.MODELS[name], words.Named))
}


class Model:
    """One frePPLe model: its rows by kind, in the order of the file."""

    def __init__(
        self,
        source: str,
        fingerprint: str,
        rows: Mapping[str, tuple[msgspec.Struct, ...]],
        notes: tuple[Note, ...] = (),
    ) -> None:
        self.source = source
        self.fingerprint = fingerprint  # of the file's unpacked bytes
        self.notes = notes  # what was in the file and is not in the rows
        self._rows = rows

    def all(self, type_: type[T]) -> tuple[T, ...]:
        """Every row of a kind."""
        return cast("tuple[T, ...]", self._rows.get(type_.__name__.lower(), ()))

    @property
    def counts(self) -> dict[str, int]:
        """Rows by kind, kinds in alphabetical order."""
        return {name: len(rows) for name, rows in sorted(self._rows.items()) if rows}


def read(path: Path) -> Model:
    """Read a fixture.

    Raises: Malformed when it is no JSON of that shape; InputError naming the record and field that does not fit.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError.at("path", "not_readable", f"{path} cannot be read: {error.strerror}.") from None
    source = re.sub(r"(\.json)?(\.gz)?$", "", path.name)
    return parse(_unpacked(data, path.name), source)


def parse(data: bytes, source: str) -> Model:
    """The model that these bytes say; `source` is how people know it."""
    try:
        text = data.decode("utf-8-sig")
        # Decimals, so that 0.1 stays 0.1.
        records = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Malformed(f"{source} is not UTF-8: byte {error.start + 1} does not fit.") from None
    except (RecursionError, ValueError, ArithmeticError) as error:  # 1e99999999999999999999 is no Decimal
        raise Malformed(f"{source} is not JSON: {error}.") from None
    if not isinstance(records, list):
        raise Malformed(f"{source} is not a list of records. Export the model with `frepplectl dumpdata`.")
    notes = Notes()
    rows: dict[str, list[msgspec.Struct]] = {name: [] for name in words.MODELS}
    for number, record in enumerate(records):
        _read_record(number, record, rows, notes)
    return Model(source, digest(data), {name: tuple(found) for name, found in rows.items()}, notes.all())


def _read_record(number: int, record: object, rows: dict[str, list[msgspec.Struct]], notes: Notes) -> None:
    if (
        not isinstance(record, dict)
        or not isinstance(record.get("model"), str)
        or not isinstance(record.get("fields"), dict)
    ):
        detail = f"Record {number + 1} is not of the form {{'model': ..., 'fields': ...}}."
        raise InputError.at(f"/{number}", "not_a_record", detail)
    model = record["model"].rpartition(".")[2]
    type_ = words.MODELS.get(model)
    if type_ is None:
        if model not in words.QUIET_MODELS:
            notes.add(Kind.not_supported, f"rows of {record['model']}", str(record.get("pk", "")))
        return
    values = _one_spelling(record["fields"])
    key = _KEYS.get(model)
    if key and record.get("pk") is not None and key not in values:
        values[key] = str(record["pk"])
    _note_unused(model, values, notes)
    rows[model].append(_converted(model, type_, values, number))


def _one_spelling(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`item_id` is `item`; nulls and empty texts are absent."""
    return {
        name.removesuffix("_id"): value for name, value in fields.items() if value is not None and value != ""
    }


def _note_unused(model: str, values: Mapping[str, Any], notes: Notes) -> None:
    if model == "parameter":
        return
    for field, value in values.items():
        if field in _HINTS[model] or words.describes(model, field) or _says_nothing(field, value):
            continue
        notes.add(Kind.not_supported, f"{model}.{field}", str(values.get("name", values.get("item", ""))))


def _says_nothing(field: str, value: object) -> bool:
    if value is False or value == [] or value == {}:
        return True
    if str(value) in words.SILENT.get(field, ()):
        return True
    try:
        return Decimal(str(value)) == 0
    except InvalidOperation:
        return False


def _converted(model: str, type_: type[T], values: dict[str, Any], number: int) -> T:
    hints = _HINTS[model]
    for field, value in values.items():
        hint = hints.get(field, "")
        if "timedelta" in hint:
            values[field] = duration(value, f"/{number}/fields/{field}")
        elif "datetime" in hint:
            values[field] = moment(value, f"/{number}/fields/{field}")
        elif hint.startswith(("<class 'str'", "str")) and not isinstance(value, str):
            values[field] = str(value)
        elif "Decimal" in hint:
            values[field] = amount(value, f"/{number}/fields/{field}")
    try:
        return msgspec.convert(values, type_, strict=False)
    except msgspec.ValidationError as error:
        where = str(values.get("name", values.get("item", values.get("reference", ""))))
        detail = f"Record {number + 1} ({model} {where!r}) does not fit: {error}."
        raise InputError.at(f"/{number}/fields", "does_not_fit", detail) from None


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number")


def amount(value: object, pointer: str) -> Decimal:
    """A number of at most 30 digits on either side of the point.

    Raises: InputError when it is none, or so large or fine that nobody means it.
    """
    try:
        found = Decimal(int(value)) if isinstance(value, bool) else Decimal(str(value).strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found.adjusted()) > _DIGITS_MAX:
        detail = f"{str(value)[:40]!r} is not a number that can be meant. Write digits, for example 12.5."
        raise InputError.at(pointer, "not_a_number", detail)
    return found


def duration(value: object, pointer: str) -> timedelta:
    """A duration: seconds, "1 02:03:04" or ISO 8601.

    Raises: InputError when it is none of these.
    """
    found = _duration(str(value).strip())
    if found is None or abs(found) > _DURATION_MAX:
        detail = f"{str(value)[:40]!r} is not a duration of at most a hundred years. Write seconds, for example 86400."
        raise InputError.at(pointer, "not_a_duration", detail)
    return found


def _duration(text: str) -> timedelta | None:
    if _SECONDS.fullmatch(text):
        whole, _, part = text.partition(".")
        if len(whole) > 12:
            return None
        micro = int(part[:6].ljust(6, "0")) if part else 0
        return timedelta(seconds=int(whole), microseconds=-micro if whole.startswith("-") else micro)
    if (match := _CLOCK.fullmatch(text)) is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    try:
        return msgspec.convert(text, timedelta)
    except (msgspec.ValidationError, OverflowError):
        return None


def moment(value: object, pointer: str) -> datetime:
    """A date, or a date and time, without a zone.

    Raises: InputError when it is neither.
    """
    text = str(value).strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        detail = f"{text[:40]!r} is not a date. Write it as 2026-03-12 00:00:00."
        raise InputError.at(pointer, "not_a_date", detail) from None
    return found.replace(tzinfo=None)


def _unpacked(data: bytes, name: str) -> bytes:
    if not data.startswith(_GZIP):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        out = unpacker.decompress(data, BYTES_MAX)
    except zlib.error:
        raise Malformed(f"{name} is a damaged gzip file.") from None
    if unpacker.unconsumed_tail:
        raise InputError.at("path", "too_large", f"{name} unpacks to more than {BYTES_MAX} bytes.")
    if not unpacker.eof:
        raise Malformed(f"{name} is a gzip file that ends too early.")
    if unpacker.unused_data:
        raise Malformed(f"{name} holds more than one gzip member. Pack it again as one.")
    return out
