"""Which lists of promises are there, and which does an address name?"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

import msgspec

from accord.kit.days import Instant, date_of
from accord.kit.errors import InputError
from accord.ledger.model import State
from accord.promise.named import Names, the_one
from accord.promise.pages.visiting import Visit
from accord.promise.service.listing import Look, Sort

EXPIRING_HOURS = 48
_AN_HOUR = 3_600_000_000
_A_WEEK = 7

# The filters that stand above the list: as the address names them, and in words.
VIEWS = (
    ("", "All"),
    ("uncovered", "Not covered"),
    ("due", "Due this week"),
    ("expiring", "Holds ending"),
    ("changed", "Changed"),
    ("mine", "Mine"),
    ("team", "My team's"),
)
STATES = (
    (State.held, "Held"),
    (State.committed, "Committed"),
    (State.fulfilled, "Delivered"),
    (State.cancelled, "Cancelled"),
    (State.released, "Released"),
    (State.expired, "Expired"),
)
# Each order in words, and whether it begins with the last.
SORTS: Mapping[Sort, tuple[str, bool]] = {
    "made": ("when they were made", True),
    "due": ("day", False),
    "value": ("value", True),
    "expires": ("when the hold ends", False),
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an address asks for; what it leaves out is as usual."""

    q: str = ""  # a customer, an item or an order number
    view: str = ""
    state: str = ""
    sort: str = ""  # "" = as usual; "-value" = the other way round

    def href(self, **changes: str) -> str:
        """The address of this list, or of one that differs in some respect."""
        query = self.query(**changes)
        return "/promises" + (f"?{query}" if query else "")

    def query(self, **changes: str) -> str:
        """What stands behind the question mark."""
        given = {**msgspec.structs.asdict(self), **changes}
        return urlencode({name: value for name, value in given.items() if value})

    @property
    def order(self) -> tuple[Sort, bool]:
        """By what, and whether the last comes first. Raises: InputError for an order there is none of."""
        name = self.sort.removeprefix("-") or (
            "expires" if self.view == "expiring" else "due" if self.view == "due" else "made"
        )
        for known, (_words, is_down) in SORTS.items():
            if known == name:
                return known, is_down != self.sort.startswith("-")
        raise InputError.at("sort", "unknown_sort", f"There is no order {self.sort[:40]!r}.")

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.q or self.view or self.state)


def read_query(query: str) -> Asked:
    """The list that a saved query names; what it does not know any more is left out."""
    given = dict(parse_qsl(query))
    return Asked(**{name: given[name] for name in Asked.__struct_fields__ if name in given})


def views(visit: Visit) -> tuple[tuple[str, str], ...]:
    """The lists there are for this visitor: without a team there is none of the team."""
    return tuple(one for one in VIEWS if one[0] != "team" or visit.team_mates)


def look_of(asked: Asked, names: Names, now: Instant, visit: Visit, found: dict[str, str]) -> Look:
    """What is looked for; `found` is what its words mean. Raises: InputError for a view or state there is none of."""
    if asked.state not in {"", *(state.value for state, _word in STATES)}:
        raise InputError.at("state", "unknown_state", f"There is no state {asked.state[:40]!r}.")
    look = Look(
        customer=found.get("customer"),
        item=found.get("item"),
        ref=found.get("ref"),
        state=State(asked.state) if asked.state else None,
        reach=None if visit.reads is None else tuple(sorted(visit.reads)),
    )
    me, mates = visit.actor, visit.team_mates
    match asked.view:
        case "":
            return look
        case "uncovered":
            return msgspec.structs.replace(look, is_uncovered=True)
        case "due":
            monday = names.today - date_of(names.today).weekday()
            return msgspec.structs.replace(look, due=(monday, monday + _A_WEEK))
        case "expiring":
            return msgspec.structs.replace(look, expires_until=now + EXPIRING_HOURS * _AN_HOUR)
        case "changed":
            return msgspec.structs.replace(look, is_changed=True)
        case "mine":
            return msgspec.structs.replace(look, actors=(me,), customers=_customers_of(names, {me}))
        case "team":
            team = frozenset({me}) | mates
            return msgspec.structs.replace(
                look, actors=tuple(sorted(team)), customers=_customers_of(names, team)
            )
        case _:
            raise InputError.at("view", "unknown_view", f"There is no list {asked.view[:40]!r}.")


def meant(q: str, names: Names) -> dict[str, str]:
    """What a word names: a customer or an item that is known, else an order number."""
    if not q:
        return {}
    customer = the_one(q, names.customers)
    if customer is not None:
        return {"customer": customer.id}
    item = the_one(q, names.items)
    return {"item": item.id} if item is not None else {"ref": q}


def _customers_of(names: Names, sellers: set[str] | frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(one.id for one in names.customers.values() if one.seller in sellers))
