"""Which item, customer or site does a name mean?

People write part of a name in any case; programs write ids, and nothing else will do for them. Neither is guessed at:
what fits two things or none is an error that carries the best three matches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Protocol, TypeVar

import msgspec

from accord.kit.days import Day, Instant, local_day
from accord.kit.errors import InputError
from accord.ledger.model import Item, Site
from accord.policy.model import Customer

MATCHES_MAX = 3
_ALIKE = 0.5  # how like a name must be to be worth a "did you mean"


class Named(Protocol):
    """A record that words may name."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


_N = TypeVar("_N", bound=Named)


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that words may name today."""

    items: Mapping[str, Item]
    customers: Mapping[str, Customer]
    sites: Mapping[str, Site]
    currency: str
    today: Day


def today_of(sites: Mapping[str, Site], now: Instant) -> Day:
    """The day it is at most of our sites, of equals the later one: what people there mean by today."""
    days = Counter[Day]()
    for zone, count in (Counter(site.zone for site in sites.values()) or Counter({"UTC": 1})).items():
        days[local_day(now, zone)] += count
    return max(days, key=lambda day: (days[day], day))


def find(text: str, among: Mapping[str, _N], noun: str) -> _N:
    """The one thing that a text names: by id, by name, or by a part of it that no other has; case does not matter.

    Raises: InputError with the best three matches when it names two things or none.
    """
    said = text.strip().strip("\"'")
    if said in among:
        return among[said]
    folded = said.casefold()
    for same in (
        [one for one in among.values() if one.id.casefold() == folded],
        [one for one in among.values() if one.name.casefold() == folded],
        [one for one in among.values() if _starts(one, folded)] if len(folded) > 1 else [],
        [one for one in among.values() if folded in one.name.casefold()] if len(folded) > 2 else [],
    ):
        if len(same) == 1:
            return same[0]
        if same:
            best = _best(folded, same)
            detail = f"{said[:60]!r} fits {len(same)} {noun}s: {_listed(best, len(same))}. Say which one."
            raise _unresolved(noun, f"ambiguous_{noun}", detail, best)
    best = _best(folded, [one for one in among.values() if _likeness(folded, one) >= _ALIKE])
    if best:
        detail = f"There is no {noun} {said[:60]!r}. Did you mean {_listed(best, len(best))}?"
    else:
        detail = f"There is no {noun} {said[:60]!r}. Check the spelling, or import it first."
    raise _unresolved(noun, f"unknown_{noun}", detail, best)


def exact(id: str, among: Mapping[str, _N], noun: str, pointer: str) -> _N:
    """The thing with this id, for programs, which do not spell things in other ways.

    Raises: InputError at the pointer, with the best three matches.
    """
    found = among.get(id)
    if found is not None:
        return found
    best = _best(id.casefold(), [one for one in among.values() if _likeness(id.casefold(), one) >= _ALIKE])
    hint = f"Did you mean {_listed(best, len(best))}?" if best else "Check the id."
    error = InputError.at(pointer, f"unknown_{noun}", f"There is no {noun} with the id {id[:60]!r}. {hint}")
    error.extra["matches"] = [{"id": one.id, "name": one.name} for one in best]
    raise error


def _starts(one: Named, folded: str) -> bool:
    name = one.name.casefold()
    return one.id.casefold().startswith(folded) or name.startswith(folded) or f" {folded}" in f" {name}"


def _likeness(folded: str, one: Named) -> float:
    whole = SequenceMatcher(None, folded, one.id.casefold()).ratio()
    name = one.name.casefold()
    words = [SequenceMatcher(None, folded, part).ratio() for part in [name, *name.split()]]
    return max([whole, *words])


def _best(folded: str, candidates: Sequence[_N]) -> list[_N]:
    return sorted(candidates, key=lambda one: (-_likeness(folded, one), one.id))[:MATCHES_MAX]


def _listed(best: Sequence[Named], count: int) -> str:
    words = [one.id if one.name in ("", one.id) else f"{one.name} ({one.id})" for one in best]
    return ", ".join(words) + (" …" if count > len(words) else "")


def _unresolved(noun: str, code: str, detail: str, best: Sequence[Named]) -> InputError:
    error = _wrong(noun, code, detail)
    error.extra["matches"] = [{"id": one.id, "name": one.name} for one in best]
    return error


def _wrong(pointer: str, code: str, detail: str) -> InputError:
    return InputError.at(pointer, code, detail)
