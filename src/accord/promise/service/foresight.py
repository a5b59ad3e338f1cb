"""What would happen if something were done with promises now? Nothing is kept.

Each is decided as it would be, by itself; what becomes free is worked out for all of them together, as the ledger would
give it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Day
from accord.kit.errors import AccordError, InputError, NotFound
from accord.ledger.decide.giveback import given_back
from accord.ledger.decide.sheet import Sheet
from accord.ledger.model import Draw, OpenException, Profile, Supply
from accord.ledger.service import graphs
from accord.ledger.service import reads as ledger
from accord.ledger.service.books import Clock
from accord.promise import store
from accord.promise.model import Decision, Option, Promise, Request, Verb
from accord.promise.service.batch import ask
from accord.promise.service.lives import rows_of_promises
from accord.promise.service.reads import Seen, seen

SEVERAL_MAX = 200  # promises of one preview
_SERVED_MAX = 5


class Freed(msgspec.Struct, frozen=True):
    """So much of one thing that nobody draws any more."""

    key: str
    on: Day  # the earliest day on which some of it was drawn
    quantity: int  # base units, or minutes


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """One promise, and what would be answered to what is wanted with it."""

    seen: Seen
    request: Request
    decision: Decision | None = None
    error: AccordError | None = None  # why it cannot even be decided

    @property
    def would_be_done(self) -> bool:
        """Whether it would be done if it were wanted now."""
        return self.decision is not None and not self.decision.refusals


class Served(msgspec.Struct, frozen=True):
    """A promise of somebody else's that waits for supply of what becomes free."""

    exception: OpenException
    promise: Promise


class Foresight(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen to all of them."""

    rows: tuple[Foreseen, ...]
    frees: tuple[
        Freed, ...
    ] = ()  # by key; what those that would be done draw and do not bring along themselves
    drops: tuple[Supply, ...] = ()  # proposed receipts that go with them
    serves: tuple[Served, ...] = ()  # the first few of those who wait for what becomes free


def foresee(db: Database, verb: Verb, ids: Sequence[str], *, actor: str) -> Foresight:
    """What would happen if this verb were done with these promises. Raises: InputError for too many, NotFound."""
    if len(ids) > SEVERAL_MAX:
        raise InputError.at("id", "too_many", f"Choose at most {SEVERAL_MAX} promises at a time.")
    with db.read() as tx:
        found = {one.promise.id: one for one in seen(tx, list(store.promises(tx, sorted(set(ids))).values()))}
    rows = []
    for id in dict.fromkeys(ids):
        if id not in found:
            raise NotFound(f"There is no promise {id[:60]}. List them to find its id.")
        rows.append(_foreseen(db, found[id], Request(id="foreseen", verb=verb, promise=id), actor))
    if verb not in (Verb.release, Verb.cancel):
        return Foresight(rows=tuple(rows))
    done = sorted(one.seen.promise.id for one in rows if one.would_be_done)
    with db.read() as tx:
        gives, drops = given(tx, done)
        frees = freed(gives, drops)
        return Foresight(rows=tuple(rows), frees=frees, drops=drops, serves=_served(tx, frees, done))


def _foreseen(db: Database, one: Seen, request: Request, actor: str) -> Foreseen:
    try:
        return Foreseen(seen=one, request=request, decision=ask(db, request, actor=actor))
    except AccordError as error:
        return Foreseen(seen=one, request=request, error=error)


def given(tx: Tx, promises: Sequence[str]) -> tuple[tuple[Draw, ...], tuple[Supply, ...]]:
    """What ends with these promises, and the receipts that go with them."""
    if not promises:
        return (), ()
    now = tx.now()
    own = rows_of_promises(tx, promises)
    keys = sorted(frozenset[str]().union(*(rows.keys for rows in own.values())))
    # Who else lives on what they proposed stands on the same keys.
    supplies, draws, commitments = ledger.rows_of(tx, keys)
    sheets = {key: Sheet(Profile(key=key)) for key in keys}
    for supply in supplies:
        if supply.expires_at is None or supply.expires_at > now:
            sheets[supply.key].supplies[supply.id] = supply
    for draw in draws:
        if draw.expires_at is None or draw.expires_at > now:
            sheets[draw.key].draws[draw.id] = draw
    for commitment in commitments:
        sheets[commitment.key].commitments[commitment.id] = commitment
    return given_back(sheets, frozenset(promises), Clock(graphs.graph(tx), now).today_of)


def freed(gives: Iterable[Draw], drops: Iterable[Supply]) -> tuple[Freed, ...]:
    """What is left free of each thing: what was drawn, less what came only for that; by key. Shares and limits are no things."""
    amounts: dict[str, int] = {}
    first: dict[str, Day] = {}
    for draw in gives:
        if not draw.key.startswith(("allocation:", "limit:")):
            amounts[draw.key] = amounts.get(draw.key, 0) + draw.quantity
            first[draw.key] = min(first.get(draw.key, draw.on), draw.on)
    for supply in drops:
        amounts[supply.key] = amounts.get(supply.key, 0) - supply.quantity
    return tuple(Freed(key, first[key], n) for key, n in sorted(amounts.items()) if n > 0)


def _served(tx: Tx, frees: Sequence[Freed], without: Sequence[str]) -> tuple[Served, ...]:
    waiting = ledger.open_exceptions_on(tx, [one.key for one in frees if one.key.startswith("node:")])
    of = ledger.promises_of_commitments(tx, [one.commitment for one in waiting])
    waiting = [one for one in waiting if of.get(one.commitment, "") not in ("", *without)]
    waiting.sort(key=lambda one: (one.opened_at, one.id))
    known = store.promises(tx, sorted({of[one.commitment] for one in waiting[:_SERVED_MAX]}))
    return tuple(Served(one, known[of[one.commitment]]) for one in waiting[:_SERVED_MAX])


def known(db: Database, ids: Sequence[str], *, reach: frozenset[str] | None = None) -> dict[str, Seen]:
    """These promises as they stand, by id; unknown ones, and those that `reach` did not make, are left out."""
    with db.read() as tx:
        there = store.promises(tx, sorted(set(ids))).values()
        return {
            one.promise.id: one
            for one in seen(tx, [one for one in there if reach is None or one.actor in reach])
        }


def net_change(
    db: Database, promise: str, option: Option
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """What an option that replaces a promise would take in addition, and what would become free: (key, how much), by key.

    What a promise brings along itself, made or bought for it alone, is taken from nobody.
    """
    with db.read() as tx:
        gives, drops = given(tx, [promise])
    before = {one.key: one.quantity for one in freed(gives, drops)}
    after: dict[str, int] = {}
    for take in [*option.takes, *(take for make in option.makes for take in make.takes)]:
        if not take.key.startswith(("allocation:", "limit:")):
            after[take.key] = after.get(take.key, 0) + take.quantity
    for make in option.makes:
        after[make.key] = after.get(make.key, 0) - make.needed
    more: list[tuple[str, int]] = []
    less: list[tuple[str, int]] = []
    for key in sorted({*before, *after}):
        change = max(0, after.get(key, 0)) - before.get(key, 0)
        if change:
            (more if change > 0 else less).append((key, abs(change)))
    return more, less
