"""How does supply news reach the ledger? All that changes supply, and the exceptions it makes, in one transaction.

`change` locks every key that the news and the doubt it causes can reach, loads their rows, lets the caller change the
sheets, judges every commitment on them, and writes rows, profiles and exceptions. It is the only place, with the day
roll, that may let a key fall below zero; the exceptions are in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from accord.db import audit, outbox
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.digest import canonical
from accord.kit.errors import Unavailable
from accord.kit.ids import new_id
from accord.ledger import store
from accord.ledger.decide import gate
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.judge import judge
from accord.ledger.decide.sheet import Sheet, expire, needs_roll, roll, treated
from accord.ledger.model import Commitment, Draw, Kind, OpenException, Profile, Supply, kind_of_key, node_of
from accord.ledger.service.books import Clock, Treatment, hold_expired
from accord.ledger.service.graphs import graph as read_graph

_TRIES = 5
_PAGE = 500  # keys read at once

T = TypeVar("T")
Row = TypeVar("Row", Supply, Draw, Commitment)


class Moved(Exception):
    """The keys that news can reach changed between look-up and lock."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the news did to commitments."""

    cause: str
    opened: tuple[OpenException, ...]
    closed: tuple[OpenException, ...]
    now: Instant
    versions: tuple[tuple[str, int, int], ...] = ()  # of each key whose rows changed: before, after


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What news would do to commitments, as of one snapshot; nothing was locked or written."""

    short: tuple[
        tuple[Commitment, int], ...
    ]  # that would no longer be covered, with the base units they lack
    covered: tuple[Commitment, ...]  # whose open exceptions would close
    now: Instant


Sheets = dict[str, Sheet]


def closure(tx: Tx, keys: Iterable[str]) -> frozenset[str]:
    """These keys, and every node whose receipts draw on them, as far as it goes."""
    found = set(keys)
    edge = sorted(found)
    while edge:
        nodes = {node for nodes in store.feeds(tx, edge).values() for node in nodes}
        edge = sorted(nodes - found)
        found |= nodes
    return frozenset(found)


def change(
    tx: Tx,
    graph: Graph,
    keys: Iterable[str],
    treatment: Treatment,
    apply: Callable[[Sheets, Clock], None],
    *,
    cause: str,
    closed: Sequence[str] = (),
    is_locked: bool = False,
) -> Told:
    """Lock, load, let `apply` change the sheets, judge, write.

    The sheets hold the commitments that are open, and of the others those named in `closed`. `is_locked`: the caller has
    locked what the news can reach, and read the graph under the lock.

    Raises: Moved when the reach or the master data changed before the lock; the caller starts its transaction again.
    """
    wanted = closure(tx, keys)
    profiles = store.lock(tx, sorted(wanted))
    if closure(tx, wanted) != wanted:
        raise Moved
    # Judged by what a resource had before, what somebody has just uncovered would seem covered again.
    if not is_locked and store.graph_version(tx) != graph.version:
        raise Moved
    now = max(tx.now(), max((p.latest_at for p in profiles.values()), default=0))
    clock = Clock(graph, now)
    sheets = _load(tx, profiles, closed)
    audit.append(tx, [hold_expired(c) for key in sorted(sheets) for c in expire(sheets[key], now)])
    short = _applied(sheets, clock, treatment, apply)
    versions = _write(tx, graph, sheets, clock)
    told = _exceptions(tx, graph, sheets, short, cause=cause, now=now)
    store.open_many(tx, told.opened)
    store.close_many(tx, [(e.key, e.id, now, e.closed_why) for e in told.closed])
    _tell(tx, told.opened, told.closed)
    return msgspec.structs.replace(told, versions=versions)


def foresee(
    tx: Tx,
    graph: Graph,
    keys: Iterable[str],
    treatment: Treatment,
    apply: Callable[[Sheets, Clock], None],
    *,
    closed: Sequence[str] = (),
) -> Foreseen:
    """What `change` would do, in one snapshot: the same rows, the same judging, no lock and nothing written."""
    profiles = store.read(tx, sorted(closure(tx, keys)))
    now = max(tx.now(), max((p.latest_at for p in profiles.values()), default=0))
    clock = Clock(graph, now)
    sheets = _load(tx, profiles, closed)
    for key in sorted(sheets):
        expire(sheets[key], now)
    short = _applied(sheets, clock, treatment, apply)
    told = _exceptions(tx, graph, sheets, short, cause="", now=now)
    return Foreseen(
        short=tuple((sheets[one.key].commitments[one.commitment], one.short) for one in told.opened),
        covered=tuple(
            sheets[one.key].commitments[one.commitment]
            for one in told.closed
            if one.commitment in sheets[one.key].commitments
        ),
        now=now,
    )


def _applied(
    sheets: Sheets, clock: Clock, treatment: Treatment, apply: Callable[[Sheets, Clock], None]
) -> dict[str, dict[str, int]]:
    apply(sheets, clock)
    _roll(sheets, clock, treatment)
    return judge(
        sheets,
        clock.graph,
        clock.today_of,
        lambda s, day: treated(
            s, day, late_receipt_days=treatment.late_receipt_days, fence_days=treatment.fence_days
        ),
    )


def _load(tx: Tx, profiles: Mapping[str, Profile], closed: Sequence[str]) -> Sheets:
    keys = sorted(profiles)
    sheets = {key: Sheet(profiles[key]) for key in keys}
    for supply in store.supplies(tx, keys):
        sheets[supply.key].supplies[supply.id] = sheets[supply.key].read_supplies[supply.id] = supply
    for draw in store.draws(tx, keys):
        sheets[draw.key].draws[draw.id] = sheets[draw.key].read_draws[draw.id] = draw
    # Not all that was ever promised of an item: of that there is more every day.
    named = store.commitments_named(tx, closed) if closed else []
    for commitment in (*store.open_commitments(tx, keys), *named):
        sheet = sheets[commitment.key]
        sheet.commitments[commitment.id] = sheet.read_commitments[commitment.id] = commitment
    return sheets


def _roll(sheets: Sheets, clock: Clock, treatment: Treatment) -> None:
    for key in sorted(sheets):
        if kind_of_key(key) is Kind.node:
            roll(
                sheets[key],
                clock.today_of(key),
                late_receipt_days=treatment.late_receipt_days,
                fence_days=treatment.fence_days,
            )


def _write(tx: Tx, graph: Graph, sheets: Sheets, clock: Clock) -> tuple[tuple[str, int, int], ...]:
    changes, rows, movements = store.Changes(), [], []
    versions: list[tuple[str, int, int]] = []
    for key in sorted(sheets):
        sheet = sheets[key]
        movements += sheet.movements
        # A calendar that changed lowers a capacity whose rows stay as they are.
        is_summary = sheet.rolled_to != sheet.profile.rolled_to or kind_of_key(key) is not Kind.node
        if not sheet.is_changed() and not is_summary:
            continue
        version = sheet.profile.version + sheet.is_changed()
        profile = gate.folded(
            sheet.profile,
            sorted(sheet.supplies.values(), key=lambda s: s.id),
            sorted(sheet.draws.values(), key=lambda d: d.id),
            version=version,
            now=clock.now,
        )
        low = gate.lowest(profile, graph, clock.today_of(key))
        profile = msgspec.structs.replace(profile, rolled_to=sheet.rolled_to, shortfall_max=max(0, -low))
        rows.append((profile, low))
        _difference(sheet, version, changes)
        if version != sheet.profile.version:
            versions.append((key, sheet.profile.version, version))
    store.write_keys(tx, rows)
    store.apply(tx, changes)
    store.add_movements(tx, movements)
    return tuple(versions)


def _difference(sheet: Sheet, version: int, changes: store.Changes) -> None:
    key = sheet.key
    _compare(key, version, sheet.read_supplies, sheet.supplies, changes.ended_supplies, changes.new_supplies)
    _compare(key, version, sheet.read_draws, sheet.draws, changes.ended_draws, changes.new_draws)
    was, now = sheet.read_commitments, sheet.commitments
    _compare(key, version, was, now, changes.ended_commitments, changes.new_commitments)


def _compare(
    key: str,
    version: int,
    was: Mapping[str, Row],
    now: Mapping[str, Row],
    ended: list[tuple[str, str, int]],
    new: list[tuple[Row, int]],
) -> None:
    for ident in sorted({*was, *now}):
        before, after = was.get(ident), now.get(ident)
        if before == after:
            continue
        if before is not None:
            ended.append((key, ident, version))
        if after is not None:
            new.append((after, version))


def _exceptions(
    tx: Tx, graph: Graph, sheets: Sheets, short: Mapping[str, Mapping[str, int]], *, cause: str, now: Instant
) -> Told:
    """An exception to open for each commitment that is not covered, those to close of commitments that are."""
    nodes = sorted(short)
    known = {e.commitment: e for e in store.open_exceptions(tx, nodes)}
    opened, closed = [], []
    for node in nodes:
        item = graph.items.get(node_of(node)[0])
        for commitment, units in sorted(short[node].items()):
            if commitment not in known:
                opened.append(
                    OpenException(
                        key=node,
                        id=new_id("exc", now),
                        commitment=commitment,
                        cause=cause,
                        owner=(item.planner if item else "") or "planner",
                        opened_at=now,
                        short=units,
                    )
                )
    wanted = {commitment for node in nodes for commitment in short[node]}
    for commitment, exception in sorted(known.items()):
        if commitment not in wanted:
            row = sheets[exception.key].commitments.get(commitment)
            why = "covered again" if row is not None and row.state.is_open else "no longer open"
            closed.append(msgspec.structs.replace(exception, closed_at=now, closed_why=why))
    return Told(cause=cause, opened=tuple(opened), closed=tuple(closed), now=now)


def _tell(tx: Tx, opened: Sequence[OpenException], closed: Sequence[OpenException]) -> None:
    facts, messages = [], []
    for kind, rows in (("ExceptionOpened", opened), ("ExceptionClosed", closed)):
        for row in rows:
            body = canonical(row)
            facts.append(audit.Entry(type=kind, body=body))
            messages.append(outbox.Message(id=new_id("msg"), topic=kind, subject=row.commitment, body=body))
    audit.append(tx, facts)
    outbox.add(tx, messages)


def record_cause(tx: Tx, told: Told, *, kind: str, body: bytes, actor: str, news_id: str) -> None:
    """Keep the news as it was told: a fact, never changed."""
    store.add_cause(tx, told.cause, told.now, kind, body, actor, news_id)


def roll_keys(db: Database, keys: Sequence[str], treatment: Treatment, *, actor: str) -> Told:
    """Roll the day of these nodes, in a transaction of its own, as supply news."""

    def work(tx: Tx) -> Told:
        graph = read_graph(tx)
        cause = new_id("cau")
        told = change(tx, graph, keys, treatment, lambda _sheets, _clock: None, cause=cause)
        store.add_cause(tx, cause, told.now, "DayRolled", canonical({"keys": sorted(keys)}), actor, cause)
        return told

    return again(db, work)


def to_roll(tx: Tx, graph: Graph, sites: Iterable[str], *, fence_days: int) -> frozenset[str]:
    """The keys that a midnight at these sites changes, or that were short before it and may not be any more.

    Minutes that were short yesterday are past, and so is the doubt they cast on what they make.
    """
    rolling = frozenset(sites)
    clock = Clock(graph, tx.now())
    found = {key for key in store.doubted_for(tx) if kind_of_key(key) is not Kind.node}
    after = ""
    while page := store.every_key(tx, after, _PAGE):
        after = page[-1][0].key
        for profile, _low in page:
            key, day = profile.key, clock.today_of(profile.key)
            if kind_of_key(key) is not Kind.node:
                continue
            # A site that was ended has no midnight of its own any more; what is still owed there is judged at the others'.
            if (site := node_of(key)[1]) not in rolling and site in graph.sites:
                continue
            if profile.shortfall_max or needs_roll(profile, day, fence_days):
                found.add(key)
    return frozenset(found)


def rejudge(tx: Tx, graph: Graph, keys: Iterable[str], treatment: Treatment, *, actor: str) -> Told:
    """Judge commitments on these keys again, inside the transaction in which a promise on them ended."""
    cause = new_id("cau")
    told = change(tx, graph, keys, treatment, lambda _sheets, _clock: None, cause=cause, is_locked=True)
    if told.opened or told.closed:
        store.add_cause(tx, cause, told.now, "PromiseEnded", canonical({"keys": sorted(keys)}), actor, cause)
    return told


def again(db: Database, work: Callable[[Tx], T]) -> T:
    """Run news in a transaction, starting again when its reach moved. Raises: Unavailable after five tries."""
    for _try in range(_TRIES):
        try:
            return retrying(db, work)
        except Moved:
            continue
    raise Unavailable("The ledger changes too fast around this news. Send it again.", retry_after_seconds=1)


__all__ = [
    "Foreseen",
    "Moved",
    "Sheets",
    "Told",
    "again",
    "change",
    "closure",
    "foresee",
    "record_cause",
    "rejudge",
    "roll_keys",
    "to_roll",
]
