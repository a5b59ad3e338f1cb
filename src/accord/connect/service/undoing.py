"""How is an import taken back? Within a day, as one piece of news, unless later facts build on it."""

from __future__ import annotations

import time

import msgspec

from accord.connect import store
from accord.connect.model import Effects, Report, Run, RunState
from accord.connect.service.effects import effects_of
from accord.connect.service.steps import UNDO_MICROSECONDS, run_out
from accord.connect.service.switch import Undoing
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.exceptions.decide.undo import UndoRefused, refuse
from accord.exceptions.model import Outcome
from accord.exceptions.service.undoing import foresee as foresee_news
from accord.exceptions.service.undoing import undo as undo_news
from accord.kit.days import instant_iso
from accord.kit.errors import NotFound
from accord.ledger.service.news import again
from accord.policy import service as policy
from accord.promise import service as promises


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What taking an import back did."""

    run: Run
    opened: int  # exceptions of promises that had come to rest on it
    closed: int
    changed: bool = True  # False: it had been undone before


def undo(db: Database, id: str, *, actor: str) -> Undone:
    """Take a run back: its master data, policy, stock, receipts, orders and open lines are as they were.

    Raises: NotFound; UndoRefused when a day has passed, or naming the later facts that build on it; nothing is changed then.
    """
    made: list[Undone] = []

    def work(tx: Tx) -> None:
        row = store.run(tx, id, to_change=True)
        if row is None:
            raise NotFound(f"There is no import {id}. `accord imports` lists them.")
        if row.state == RunState.undone:
            made[:] = [Undone(run=run_out(row, tx.now()), opened=0, closed=0, changed=False)]
            return
        made[:] = [_work(tx, row, actor)]

    again(db, work)
    return made[0]


class UndoSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What taking an import back would do."""

    why_not: tuple[str, ...]  # why it cannot be
    effects: Effects | None  # on promises; None where it cannot be
    orders_gone: int = 0  # orders promised elsewhere that it brought
    lines_gone: int = 0  # order lines that wait


def foresee(db: Database, id: str) -> UndoSeen:
    """What `undo` would do; nothing is locked. Raises: NotFound."""
    began = time.monotonic()
    with db.read() as tx:
        row = store.run(tx, id)
        if row is None:
            raise NotFound(f"There is no import {id[:60]}. List them to find its id.")
        if row.state != RunState.done or row.undo is None or row.done_at is None:
            return UndoSeen(why_not=("It has not come in, so there is nothing to undo.",), effects=None)
        if tx.now() > row.done_at + UNDO_MICROSECONDS:
            return UndoSeen(why_not=("It came in more than 24 hours ago.",), effects=None)
        undoing = msgspec.msgpack.decode(row.undo, type=Undoing)
        why_not = [*_lines(tx, row.source, undoing), *policy.restated_since(tx, *undoing.policy)]
        found = foresee_news(tx, undoing.span)
        why_not += [
            *found.why_not,
            *_customers(tx, policy.ended_by_undo(tx, *undoing.policy), undoing.policy),
        ]
        if why_not or found.foreseen is None:
            return UndoSeen(why_not=tuple(why_not), effects=None)
        effects = effects_of(tx, found.foreseen, found.graph, {}, began=began)
    return UndoSeen(
        why_not=(),
        effects=effects,
        orders_gone=len(found.gone),
        lines_gone=len(undoing.lines) - len(found.gone),
    )


def _work(tx: Tx, row: store.Row, actor: str) -> Undone:
    now = tx.now()
    if row.state != RunState.done or row.undo is None or row.done_at is None:
        raise UndoRefused(f"{row.id} has not come in, so there is nothing to undo.")
    if now > row.done_at + UNDO_MICROSECONDS:
        raise UndoRefused(
            f"{row.id} came in at {instant_iso(row.done_at)}, more than 24 hours ago. Import what is right now instead."
        )
    undoing = msgspec.msgpack.decode(row.undo, type=Undoing)
    refuse([*_lines(tx, row.source, undoing), *policy.restated_since(tx, *undoing.policy)])
    outcome: Outcome = undo_news(tx, undoing.span, actor=actor, id=row.id)
    ended = policy.undo_in(tx, *undoing.policy, actor=actor, id=row.id)
    refuse(_customers(tx, ended, undoing.policy))
    store.drop_lines(tx, row.source, undoing.lines)
    store.change_lines(tx, undoing.changed)
    store.change_run(tx, row.id, state=RunState.undone.value, undone_at=now)
    found = store.run(tx, row.id)
    assert found is not None
    return Undone(run=run_out(found, now), opened=len(outcome.opened), closed=len(outcome.closed))


def _lines(tx: Tx, source: str, undoing: Undoing) -> list[str]:
    known = store.lines_of(tx, source)
    named = [*undoing.lines, *(one.id for one in undoing.changed)]
    return [
        f"order line {id} was decided since ({known[id][0].replace('_', ' ')})"
        for id in named
        if id in known and known[id][0] not in (store.OPEN, store.OPENING)
    ]


def _customers(tx: Tx, ended: list[tuple[str, str]], versions: tuple[int, int]) -> list[str]:
    """Customers that were promised something, and those of a tier that would be gone; `versions` of the policy around it."""
    gone = {id for kind, id in ended if kind == "customer"}
    tiers = {id for kind, id in ended if kind == "tier"}
    found = []
    if gone:
        used = promises.customers_in_use(tx) & gone
        found += [f"customer {id} was promised something since" for id in sorted(used)]
    if tiers:
        was, then = (policy.book_at(tx, version).customers for version in versions)
        for id, one in sorted(policy.book(tx).customers.items()):
            # What the import itself said of a customer goes with it.
            stays = one if was.get(id) == then.get(id) else was.get(id)
            if stays is not None and stays.tier in tiers:
                found.append(f"customer {id} is of tier {stays.tier} since")
    return found


__all__ = ["Report", "UndoSeen", "Undone", "foresee", "undo"]
