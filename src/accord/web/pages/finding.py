"""What does somebody mean who types a few letters into the command menu?

Customers and items by their names or ids, promises by order number, id or customer: eight rows at most, in groups, the likeliest
first, and only what the caller may read. Names are looked through in memory, folded once for each version of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from litestar.params import QueryParameter
from litestar.response import Template

from accord.db.engine import Database
from accord.kit.doors import Doors
from accord.kit.errors import NotFound
from accord.ledger import said
from accord.ledger.pages import links
from accord.promise import service as promise
from accord.promise.api.catalogue import Catalogue, catalogue
from accord.promise.service.reads import Seen

ROWS_MAX = 8
_OF_A_KIND = 3  # customers, and items; promises take what is left
_SHORTEST = 2  # letters; fewer mean too much

Typed = Annotated[str, QueryParameter(name="q", max_length=400)]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may be meant."""

    word: str
    note: str
    href: str
    sign: str  # of templates/_icon.html


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Things of one kind."""

    word: str
    rows: tuple[Row, ...]


class _Name(msgspec.Struct, frozen=True):
    id: str
    name: str
    folded: tuple[str, ...]  # id and words of the name, as they are compared
    text: str  # all of it


class _Names(msgspec.Struct, frozen=True):
    """The names of one version of master data and policy."""

    versions: tuple[int, int]
    customers: tuple[_Name, ...]
    items: tuple[_Name, ...]


class Finder:
    """Finds things in one database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._names: _Names | None = None

    def find(self, typed: str, doors: Doors) -> list[Group]:
        """What may be meant, the likeliest first in each group."""
        words = typed.casefold().split()
        if len("".join(words)) < _SHORTEST:
            return []
        known = catalogue(self._db)
        names = self._of(known)
        groups: list[Group] = []
        customers: list[_Name] = []
        if doors.opens("master.read"):
            customers = _best(names.customers, words)
            items = _best(names.items, words) if doors.opens("supply.read") else []
            groups.append(Group(word="Customers", rows=tuple(_customer(one) for one in customers)))
            groups.append(Group(word="Items", rows=tuple(_item(one) for one in items)))
        if doors.opens("promise.read"):
            left = ROWS_MAX - sum(len(one.rows) for one in groups)
            found = self._promises(typed.strip(), customers, left, doors.actors("promise.read"))
            groups.append(Group(word="Promises", rows=tuple(_promise(one, known) for one in found)))
        return [one for one in groups if one.rows]

    def _promises(
        self, typed: str, customers: Sequence[_Name], most: int, actors: Iterable[str] | None
    ) -> list[Seen]:
        if typed.startswith("prm_"):
            try:
                found = promise.promise_of(self._db, typed)
            except NotFound:
                return []
            return [found] if actors is None or found.promise.actor in actors else []
        beginnings = list(dict.fromkeys((typed, typed.upper())))
        numbered = promise.promises_numbered(self._db, beginnings, limit=most, actors=actors)
        if numbered or not customers:
            return numbered
        return promise.promises(self._db, customer=customers[0].id, limit=most, actors=actors)[0]

    def _of(self, known: Catalogue) -> _Names:
        versions = (known.graph_version, known.policy_version)
        with self._lock:
            if self._names is None or self._names.versions != versions:
                self._names = _Names(
                    versions,
                    _folded((one.id, one.name) for one in known.names.customers.values()),
                    _folded((one.id, one.name) for one in known.names.items.values()),
                )
            return self._names


def _folded(pairs: Iterable[tuple[str, str]]) -> tuple[_Name, ...]:
    made = []
    for id, name in sorted(pairs):
        text = f"{id} {name}".casefold()
        made.append(_Name(id, name, tuple(text.split()), text))
    return tuple(made)


def _best(names: Sequence[_Name], words: Sequence[str]) -> list[_Name]:
    """Those that hold every word; first where each begins a word of the name, then by name."""
    held = [one for one in names if all(word in one.text for word in words)]
    held.sort(key=lambda one: (_rank(one, words), one.name.casefold(), one.id))
    return held[:_OF_A_KIND]


def _rank(one: _Name, words: Sequence[str]) -> int:
    if one.id.casefold() == words[0]:
        return 0
    return 1 if all(any(part.startswith(word) for part in one.folded) for word in words) else 2


def _customer(one: _Name) -> Row:
    return Row(
        word=one.name or one.id,
        note=one.id if one.name != one.id else "",
        href=_narrowed(one),
        sign="customer",
    )


def _narrowed(one: _Name) -> str:
    return links.with_query("/promises", {"q": one.name or one.id})


def _item(one: _Name) -> Row:
    return Row(word=one.id, note=one.name if one.name != one.id else "", href=links.node(one.id), sign="item")


def _promise(seen: Seen, known: Catalogue) -> Row:
    found = seen.promise
    customer = known.names.customers.get(found.customer or "")
    who = customer.name if customer is not None else found.customer or "no customer"
    first = found.lines[0] if found.lines else None
    what = f"{known.units.quantity(first.quantity, first.item)} {first.item}" if first else ""
    more = f" and {len(found.lines) - 1} more" if len(found.lines) > 1 else ""
    by = f", {said.day(first.promised_on, known.names.today)}" if first else ""
    return Row(
        word=f"{found.ref} · {who}" if found.ref else who,
        note=f"{seen.state.value}: {what}{more}{by}",
        href=links.promise(found.id),
        sign="promises",
    )


@get("/find", opt={"operation": "search.find"}, include_in_schema=False, sync_to_thread=True)
def find(state: State, request: Request[Any, Any, State], q: Typed = "") -> Template:
    """What may be meant, as a piece of the command menu."""
    finder: Finder = state["finder"]
    doors: Doors = request.state.doors
    groups = finder.find(q, doors)
    return Template(
        template_name="_found.html", context={"groups": [msgspec.to_builtins(one) for one in groups]}
    )


PAGES = [find]
