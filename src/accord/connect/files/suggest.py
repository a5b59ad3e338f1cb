"""What might the columns of a file be, that are not called as ours? A suggestion, with how sure it is and what stands there.

Nothing comes in by a suggestion: it is a mapping to look at, change and use. Sureness is a whole number up to 100: the name
is ours, is a usual word for ours, holds one, or is written much like it; and what stands in the column must fit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from difflib import SequenceMatcher
from functools import lru_cache

import msgspec

from accord.connect.files.choices import Choices
from accord.connect.files.recognise import dates_of, decimal_of
from accord.connect.files.tables import Format, Table
from accord.connect.files.targets import TARGETS, As, Target
from accord.connect.model import Finding
from accord.kit.errors import InputError

_SAMPLES = 3
_LOOKED_AT = 200  # rows
_COMPARED_MAX = 60  # columns; of more, only names that are known count: comparing letters takes too long
_NAME_MAX = 60  # letters of a name that are worth comparing
_SURE_MIN = 50  # what is less sure is not suggested
_MISSING = 80  # what a field that must be there and is not takes from the score of a target

# Usual words of other systems for our fields, by the field's name.
_USUAL: dict[str, str] = {
    "id": "no number nr code key ref reference identifier",
    "item": "article product sku material part itemcode itemno itemnumber articleno artikel artikelnummer partno stockcode",
    "site": "warehouse location plant store depot werk lager branch facility warehousecode loc",
    "quantity": "qty amount pieces units onhand stock instock stocklevel menge bestand anzahl orderqty quantityonhand available",
    "name": "description title text label bezeichnung designation itemname",
    "cost": "unitcost standardcost purchaseprice einstandspreis ek",
    "unit": "uom unitofmeasure einheit",
    "due_on": "due duedate expected expecteddate deliverydate eta arrival arrivaldate liefertermin confirmeddate",
    "requested_on": "requested requesteddate requireddate wanted wantedby needby deliverydate duedate due wunschtermin",
    "promised_on": "promised promiseddate confirmeddate confirmed commitdate zusagetermin",
    "customer": "client account buyer soldto customerno customerid kunde debitor",
    "supplier": "vendor seller vendorno lieferant kreditor",
    "ref": "order orderno ordernumber salesorder so po ponumber documentno auftrag",
    "price": "unitprice salesprice netprice preis",
    "list": "listprice price catalogueprice listenpreis",
    "floor": "minprice minimumprice lowestprice floorprice",
    "lot": "batch lotno batchno charge serial",
    "expires_on": "expiry expirydate bestbefore expiration mhd shelflife",
    "lead_days": "leadtime leadtimedays lieferzeit",
    "component": "child childitem part componentitem bestandteil",
    "zone": "timezone tz",
    "tier": "class rank segment abc customerclass",
    "ship_to": "destination shiptozone region deliveryzone",
    "counted_at": "countdate inventorydate asof countedon",
    "transit_days": "transit transittime laufzeit",
    "origin": "from fromsite source fromwarehouse",
    "destination": "to tosite towarehouse",
}  # fmt: skip
_WORDS = {field: frozenset(words.split()) for field, words in _USUAL.items()}
_DATE = re.compile(r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}([ T].*)?")
_NUMBER = re.compile(r"-?[0-9][0-9.,' ]*")
_NUMERIC = frozenset([As.quantity, As.amount, As.decimal, As.whole, As.money])


Fields = dict[str, tuple[str, int]]  # column: field, and how sure


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """What one column may be."""

    column: str
    field: str  # "" = nothing of ours
    sure: int  # up to 100
    samples: tuple[str, ...]


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a table may be, with the mapping that says so."""

    file: str
    target: str
    sure: int
    missing: tuple[str, ...]  # fields without which a row means nothing, and that no column seems to be
    columns: tuple[Column, ...]
    mapping: str  # TOML


def suggested(name: str, table: Table, format_: Format, choices: Choices) -> Suggestion | None:
    """The likeliest reading of a table; None when no target has even one field that fits."""
    samples = {column: samples_of(table, place) for place, column in enumerate(table.columns)}
    best = likeliest(name, samples)
    if best is None:
        return None
    target, fields = best
    taken = {field for field, _ in fields.values()}
    missing = tuple(sorted(target.required - taken))
    columns = tuple(
        Column(
            column=column,
            field=fields.get(column, ("", 0))[0],
            sure=fields.get(column, ("", 0))[1],
            samples=samples[column][:_SAMPLES],
        )
        for column in table.columns
    )
    return Suggestion(
        file=table.file,
        target=target.name,
        sure=sureness(target, fields),
        missing=missing,
        columns=columns,
        mapping=_mapping(name, table, format_, target, columns, choices),
    )


def likeliest(name: str, samples: Map[str, tuple[str, ...]]) -> tuple[Target, Fields] | None:
    """The target that explains most columns of a file with the fewest fields missing; None when none has a field that fits."""
    best: tuple[int, Target, Fields] | None = None
    for target in TARGETS.values():
        fields = fields_of(target, samples)
        found = {field for field, _ in fields.values()}
        if not found:
            continue
        score = sum(sure for _, sure in fields.values()) - _MISSING * len(target.required - found)
        score += 15 if _plain(target.name).rstrip("s") in _plain(name.partition(".")[0]) else 0
        if best is None or score > best[0]:
            best = (score, target, fields)
    return None if best is None else best[1:]


def sureness(target: Target, fields: Fields) -> int:
    """As sure as the least sure of the fields without which a row means nothing."""
    needed = [sure for field, sure in fields.values() if field in target.required]
    return min(needed) if len(needed) == len(target.required) else 0


def samples_of(table: Table, place: int) -> tuple[str, ...]:
    """Different words of a column, from its first rows."""
    return tuple(dict.fromkeys(cells[place] for _, cells in table.rows[:_LOOKED_AT] if cells[place]))


def fields_of(target: Target, samples: Map[str, tuple[str, ...]]) -> Fields:
    """A field for each column, the surest first, each field once."""
    is_small = len(samples) <= _COMPARED_MAX
    pairs = sorted(
        ((_sure(column, field, target.fields[field].as_, words, is_small=is_small), column, field) for column, words in samples.items() for field in target.fields),
        key=lambda one: (-one[0], one[1], one[2]),
    )  # fmt: skip
    found: dict[str, tuple[str, int]] = {}
    for sure, column, field in pairs:
        if sure >= _SURE_MIN and column not in found and field not in {taken for taken, _ in found.values()}:
            found[column] = (field, sure)
    return found


def _sure(column: str, field: str, as_: As, samples: tuple[str, ...], *, is_small: bool) -> int:
    words, ours = _plain(column), _plain(field)
    usual = _WORDS.get(field, frozenset())
    parts = set(re.findall(r"[a-z0-9]+", column.lower()))
    if words == ours:
        sure = 100
    elif words in usual:
        sure = 90
    elif parts & (usual | {ours}):
        sure = 70
    else:
        sure = _like(words, ours) if is_small else 0
    if samples and as_ is As.day and not all(_DATE.fullmatch(word) for word in samples):
        sure -= 60
    if samples and as_ in _NUMERIC and not all(_NUMBER.fullmatch(word) for word in samples):
        sure -= 60
    return max(0, sure)


@lru_cache(maxsize=4_096)
def _like(words: str, ours: str) -> int:
    """How much the names are written alike, up to 60."""
    return 0 if len(words) > _NAME_MAX else int(60 * SequenceMatcher(None, words, ours).ratio())


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _mapping(
    name: str, table: Table, format_: Format, target: Target, columns: tuple[Column, ...], choices: Choices
) -> str:
    lines = [
        f"name = {_quoted(_plain(name.partition('.')[0]) or 'files')}",
        "",
        "[tables.rows]",
        f"file = {_quoted(name)}",
    ]
    if format_.encoding != "utf-8":
        lines.append(f"encoding = {_quoted(format_.encoding)}")
    if format_.delimiter is not None:
        lines.append(f"delimiter = {_quoted(format_.delimiter)}")
    if format_.sheet is not None:
        lines.append(f"sheet = {_quoted(format_.sheet)}")
    lines += ["", f"[[{target.name}]]", 'table = "rows"']
    for place, one in enumerate(columns):
        if one.field:
            words = [cells[place] for _, cells in table.rows]
            lines.append(
                f"{one.field} = {_value(table, one, target.fields[one.field].as_, words, format_, choices)}"
            )
    for field in sorted(target.required - {one.field for one in columns}):
        lines.append(f'# {field} = "..."   # no column seems to be it, and without it a row means nothing')
    return "\n".join(lines) + "\n"


def _value(table: Table, one: Column, as_: As, words: list[str], format_: Format, choices: Choices) -> str:
    found = None
    if as_ is As.day:
        found = dates_of(table.file, one.column, words, choices)
    elif as_ in _NUMERIC:
        found = decimal_of(table.file, one.column, words, choices, is_office=format_.delimiter == ";")
    if found is None:
        return _quoted(one.column)
    if not isinstance(found, Finding):
        ways = " or ".join(
            f"{found.id.partition(':')[0]} = {_quoted(way.say)} ({way.means})" for way in found.ways
        )
        return f"{_quoted(one.column)}   # say which: {ways}"
    if found.what == "dates":
        return f"{{ column = {_quoted(one.column)}, dates = {_quoted(found.reading)} }}"
    if found.reading == ".":
        return _quoted(one.column)
    return f'{{ column = {_quoted(one.column)}, decimal = ",", thousands = "." }}'


def _quoted(text: str) -> str:
    """A TOML text; JSON's form is one of TOML's, but for the last of the control characters."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def with_suggestion(error: InputError, found: Suggestion | None) -> InputError:
    """The error, carrying what the columns may be."""
    if found is not None:
        error.extra["suggestions"] = [msgspec.to_builtins(found)]
    return error
