"""What does an import make, change and leave as it is, one by one, in words that a list can show?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from accord.connect.changes import CHANGED, ENDS, NEW, Judged
from accord.connect.model import OpenLine
from accord.exceptions.model import Counted, OpeningLine, ReceiptStated
from accord.kit.days import Day
from accord.kit.errors import InputError
from accord.kit.money import format_money
from accord.kit.quantity import format_quantity
from accord.ledger.model import Item, Supply
from accord.ledger.said import day

WHICH = ("new", "changed", "same")
_WORDS_MAX = 300  # letters of what a thing says
_DAYS = ("_on",)


class Listed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of the list."""

    name: str
    was: str = ""
    now: str = ""


def listed(
    found: Iterator[Judged], *, items: Mapping[str, Item], currency: str, today: Day
) -> Iterator[tuple[str, str, Listed]]:
    """(kind, which, row) of everything that comes in; `items` are those that are there, before what comes in."""
    told = _Told(dict(items), currency, today)
    for one in found:
        if isinstance(one.given, Item):
            told.items[one.given.id] = one.given
        yield one.kind, WHICH[one.which], told.row(one)


class _Told:
    def __init__(self, items: dict[str, Item], currency: str, today: Day) -> None:
        self.items = items
        self._currency = currency
        self._today = today

    def row(self, one: Judged) -> Listed:
        match one.given:
            case Counted() as given:
                lot = f", lot {given.lot}" if given.lot else ""
                was = self._stock(one.there, given.item)
                return Listed(
                    name=f"{given.item} at {given.site}{lot}",
                    was=was if one.which == CHANGED else "",
                    now=self._of(given.quantity, given.item),
                )
            case ReceiptStated() as given:
                return Listed(
                    name=f"{given.ref or given.id}: {given.item} at {given.site}",
                    was=self._stock(one.there, given.item) if one.which == CHANGED else "",
                    now=f"{self._of(given.quantity, given.item)} on {day(given.due_on, self._today)}",
                )
            case OpeningLine() as given:
                whom = f" for {given.customer}" if given.customer else ""
                what = f"{self._of(given.quantity, given.item)} {given.item}{whom}"
                return Listed(name=given.ref, now=f"{what} on {day(given.promised_on, self._today)}")
            case OpenLine() as given:
                asked = ", ".join(
                    f"{self._of(line.quantity, line.item)} {line.item} by {day(line.requested_on, self._today)}"
                    for line in given.request.lines
                )
                whom = f" for {given.request.customer}" if given.request.customer else ""
                return Listed(name=given.id, now=f"{asked}{whom}")
            case (kind, id) if one.kind == ENDS:
                return Listed(name=f"{kind} {id}", was="in force", now="ends")
            case given:
                return self._record(one, given)

    def _record(self, one: Judged, given: object) -> Listed:
        now, usual = _fields(given)
        id = str(now.get("id") or type(given).__name__)
        label = str(now.get("name") or "")
        name = f"{id}, {label}" if label and label != id else id
        if one.which == NEW:
            unsaid = ("id", "name")
            return Listed(
                name=name,
                now=self._words({k: v for k, v in now.items() if k not in unsaid and v != usual.get(k)}),
            )
        if one.which != CHANGED:
            return Listed(name=name)
        was, _ = _fields(one.there)
        differs = [field for field in now if now[field] != was.get(field)]
        return Listed(
            name=name,
            was=self._words({field: was.get(field) for field in differs}),
            now=self._words({field: now[field] for field in differs}),
        )

    def _words(self, said: Mapping[str, object]) -> str:
        return ", ".join(f"{_field(field)} {self._word(field, value)}" for field, value in said.items())[
            :_WORDS_MAX
        ]

    def _word(self, field: str, value: object) -> str:
        if value is None or value == "":
            return "none"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int) and field.endswith("_minor"):
            try:
                return format_money(value, self._currency)
            except InputError:
                return str(value)
        if isinstance(value, int) and field.endswith(_DAYS):
            return day(value, self._today)
        if isinstance(value, list | tuple | dict):
            return f"{len(value)} of them"
        return str(value)

    def _stock(self, there: object, item: str) -> str:
        if not isinstance(there, Supply):
            return ""
        on = f" on {day(there.due_on, self._today)}" if there.due_on else ""
        return f"{self._of(there.quantity, item)}{on}"

    def _of(self, n: int, item: str) -> str:
        known = self.items.get(item)
        return format_quantity(n, known.scale if known is not None else 1)


def _fields(record: object) -> tuple[dict[str, object], dict[str, object]]:
    """What a record says, and what its fields say as a rule."""
    if not isinstance(record, msgspec.Struct):
        return {}, {}
    fields = msgspec.structs.fields(record)
    return {one.name: getattr(record, one.name) for one in fields}, {one.name: one.default for one in fields}


def _field(name: str) -> str:
    return name.removesuffix("_minor").removesuffix("_on").replace("_", " ")
