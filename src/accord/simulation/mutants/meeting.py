"""Which guards against two at once can be broken? Somebody else's operation comes in between look and write.

One process and one thread: the first one looks, the second does all it wants, then the first one writes what it decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import msgspec

from accord.db import requests
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.ledger import store
from accord.ledger.decide import gate
from accord.ledger.model import Draw, Profile, node_of
from accord.ledger.service import graphs
from accord.ledger.service.books import Book
from accord.promise.model import Request
from accord.promise.service import batch
from accord.simulation.between import BETWEEN
from accord.simulation.mutants.breaking import patched

Profiles = dict[str, Profile]
Transacted = Callable[..., Any]


class _Released(BaseException):
    """The lock is let go between check and write; no `except Exception` stops it."""


def _everything(db: Database) -> Profiles:
    with db.read() as tx:
        keys = [key for (key,) in tx.rows("SELECT key FROM ledger_key WHERE version > 0 ORDER BY key")]
        return store.read(tx, keys)


def _stale(
    use: Callable[[Profiles, Profiles], Profiles], *, deep_only: bool = False
) -> AbstractContextManager[None]:
    """Requests are decided on what was seen before somebody else came; `use` picks from (seen, there)."""
    real_transacted, real_lock = vars(batch)["_transacted"], store.lock
    seen: list[Profiles] = []

    def transacted(db: Database, waiting: Sequence[Request], lane: Any) -> Any:
        if BETWEEN.is_inside or seen or (deep_only and not lane.is_deep):
            return real_transacted(db, waiting, lane)
        seen.append(_everything(db))
        try:
            BETWEEN.meet("request", waiting)
            return real_transacted(db, waiting, lane)
        finally:
            seen.pop()

    def lock(tx: Tx, keys: Sequence[str]) -> Profiles:
        there = real_lock(tx, keys)
        return use(seen[-1], there) if seen and not BETWEEN.is_inside else there

    return patched((batch, "_transacted", transacted), (store, "lock", lock))


def _as_seen(seen: Profiles, there: Profiles) -> Profiles:
    return {key: seen.get(key, profile) for key, profile in there.items()}


def no_lock() -> AbstractContextManager[None]:
    """M1: look, somebody else acts, write what was decided on what is no longer so."""
    return _stale(_as_seen)


def some_without_lock() -> AbstractContextManager[None]:
    """M2: only what needs a deeper look goes without a lock, where it would take the longest."""
    return _stale(_as_seen, deep_only=True)


def skip_locked() -> AbstractContextManager[None]:
    """M4: a row that somebody else has is skipped, taken for missing, and made anew."""

    def made_anew(seen: Profiles, there: Profiles) -> Profiles:
        return {
            key: profile if seen.get(key, profile).version == profile.version else Profile(key=key)
            for key, profile in there.items()
        }

    return _stale(made_anew)


def lock_released() -> AbstractContextManager[None]:
    """M11: the check is made under the lock, then the lock is let go, then it is written."""
    real_transacted, real_lock, real_write = (
        vars(batch)["_transacted"],
        store.lock,
        vars(batch)["_Batch"].write,
    )
    checked: Profiles = {}
    phase = [""]

    def transacted(db: Database, waiting: Sequence[Request], lane: Any) -> Any:
        if BETWEEN.is_inside or phase[0]:
            return real_transacted(db, waiting, lane)
        try:
            phase[0] = "check"
            real_transacted(db, waiting, lane)
        except _Released:
            BETWEEN.meet("request", waiting)
        try:
            phase[0] = "write"
            return real_transacted(db, waiting, lane)
        finally:
            phase[0] = ""
            checked.clear()

    def lock(tx: Tx, keys: Sequence[str]) -> Profiles:
        there = real_lock(tx, keys)
        if BETWEEN.is_inside or not phase[0]:
            return there
        if phase[0] == "check":
            checked.update(there)
            return there
        return _as_seen(checked, there)

    def write(self: Any) -> None:
        if phase[0] == "check" and not BETWEEN.is_inside:
            raise _Released
        real_write(self)

    return patched(
        (batch, "_transacted", transacted), (store, "lock", lock), (vars(batch)["_Batch"], "write", write)
    )


def key_in_second_transaction() -> AbstractContextManager[None]:
    """M6: the effect is durable, the key that makes a repeat harmless is kept in a second transaction."""
    real_transacted = vars(batch)["_transacted"]
    claimed: dict[str, requests.Claim] = {}
    replies: dict[str, requests.Reply] = {}

    def claim(tx: Tx, wanted: Sequence[requests.Claim]) -> Mapping[str, Any]:
        ids = [one.id for one in wanted]
        known = {id for (id,) in tx.rows_in("SELECT id FROM request WHERE id IN (:keys)", ids)}
        found: dict[str, Any] = dict(requests.claim(tx, [one for one in wanted if one.id in known]))
        for one in wanted:
            if one.id not in known:
                claimed[one.id] = one
                found[one.id] = requests.Claimed(one.id)
        return found

    def record_reply(_tx: Tx, given: Sequence[requests.Reply], **_named: Any) -> None:
        replies.update({one.id: one for one in given})

    def transacted(db: Database, waiting: Sequence[Request], lane: Any) -> Any:
        done = real_transacted(db, waiting, lane)
        if not BETWEEN.is_inside:
            BETWEEN.meet("repeat", [one for one in waiting if one.id in done.answers])
        with db.write() as tx:
            late = {id: replies.pop(id) for id in list(replies) if id in claimed}
            new = requests.claim(tx, [claimed.pop(id) for id in late])
            requests.record_reply(
                tx, [late[id] for id, one in new.items() if isinstance(one, requests.Claimed)]
            )
        return done

    proxy = SimpleNamespace(**{**vars(requests), "claim": claim, "record_reply": record_reply})
    return patched((batch, "claims", proxy), (batch, "_transacted", transacted))


def cart_order() -> AbstractContextManager[None]:
    """M12: keys are locked one after the other, in the order in which they come: two can wait in a circle."""
    real = store.lock

    def one_by_one(tx: Tx, keys: Sequence[str]) -> Profiles:
        found: Profiles = {}
        for key in sorted(set(keys), key=lambda key: sha256(key.encode()).digest()):
            found |= real(tx, [key])
        return found

    return patched((store, "lock", one_by_one))


def mutual_refusal() -> AbstractContextManager[None]:
    """M16: what others want at the same time counts as taken, although they do not have it: nobody gets it."""
    real_batch, real_decided = vars(batch)["_batch"], vars(batch)["decided"]
    wanted: list[Request] = []

    def noted(tx: Tx, waiting: Sequence[Request], *args: Any, **named: Any) -> Any:
        wanted[:] = waiting
        return real_batch(tx, waiting, *args, **named)

    def decided(book: Book, rules: Any, request: Request, *args: Any, **named: Any) -> Any:
        profiles = dict(book.profiles)
        for other in wanted:
            if other.id == request.id or request not in wanted:
                continue
            for line in other.lines:
                for key in [key for key in profiles if key.startswith("node:")]:
                    item, site = node_of(key)
                    if item == line.item and line.site in (None, site) and line.quantity > 0:
                        profiles[key] = _with(profiles[key], line.quantity, book.clock.today_of(key))
        return real_decided(Book(book.graph, profiles, book.clock), rules, request, *args, **named)

    return patched((batch, "_batch", noted), (batch, "decided", decided))


def _with(profile: Profile, quantity: int, on: int) -> Profile:
    draw = Draw(key=profile.key, id="other", owner="other", promise=None, on=on, quantity=quantity)
    return msgspec.structs.replace(gate.changed(profile, takes=[draw]), version=profile.version)


def graph_moved() -> AbstractContextManager[None]:
    """The master data changes between reach and lock, and nobody looks again."""
    real_transacted = vars(batch)["_transacted"]
    real_in_force, real_still = vars(batch)["in_force"], vars(batch)["still_in_force"]
    seen: list[int] = []

    def transacted(db: Database, waiting: Sequence[Request], lane: Any) -> Any:
        if BETWEEN.is_inside or seen:
            return real_transacted(db, waiting, lane)
        with db.read() as tx:
            seen.append(graphs.version(tx))
        try:
            BETWEEN.meet("graph", waiting)
            return real_transacted(db, waiting, lane)
        finally:
            seen.pop()

    def in_force(tx: Tx) -> Any:
        graph, rules, now = real_in_force(tx)
        return (graphs.graph_at(tx, seen[-1]) if _is_first(seen) else graph), rules, now

    def still(tx: Tx, graph: Any, rules: Any) -> Any:
        return tx.now() if _is_first(seen) else real_still(tx, graph, rules)

    return patched(
        (batch, "_transacted", transacted), (batch, "in_force", in_force), (batch, "still_in_force", still)
    )


def _is_first(seen: Sequence[int]) -> bool:
    return bool(seen) and not BETWEEN.is_inside
