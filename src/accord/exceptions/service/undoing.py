"""How is news taken back, in order? As news: recorded, applied and judged in one transaction, exceptions included."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from accord.db import audit
from accord.db.tx import Tx
from accord.exceptions.decide import reach_of
from accord.exceptions.decide.undo import KeyChange, Rows, refuse, take_back
from accord.exceptions.model import Master, MasterStated, Outcome
from accord.kit.digest import canonical
from accord.kit.errors import InputError
from accord.kit.ids import new_id
from accord.ledger.decide.graph import Graph
from accord.ledger.model import Commitment, Kind, kind_of_key, node_of, resource_key, supplier_key
from accord.ledger.service import graphs, reads
from accord.ledger.service.books import Clock, Treatment
from accord.ledger.service.news import Foreseen, Sheets, change, record_cause
from accord.ledger.service.news import foresee as ledger_foresee
from accord.policy import service as policy
from accord.promise import service as promises


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What one piece of news changed, as versions from and to: the rows between them are still there."""

    graph: tuple[int, int]
    keys: tuple[tuple[str, int, int], ...]  # key, version before, version after


def undo(tx: Tx, span: Span, *, actor: str, id: str) -> Outcome:
    """Take back what changed between these versions, and judge every commitment on it again.

    Raises: UndoRefused naming the later facts that build on it; Moved, when the caller starts again with `again`.
    """
    cause = new_id("cau")
    rules = policy.book(tx).rules
    stated, ended = graphs.reversal(tx, *span.graph)
    why_not: list[str] = graphs.restated_since(tx, *span.graph)
    refuse(why_not)
    try:
        graph = graphs.state_records(tx, stated, ended) if stated or ended else graphs.graph(tx)
    except InputError as error:
        refuse(one.detail for one in error.errors)
        raise
    masters = [MasterStated(record=one) for one in stated if isinstance(one, Master)] + [
        MasterStated(ends=one) for one in ended
    ]
    changes = _changes(tx, span.keys)
    gone: list[Commitment] = []

    def apply(sheets: Sheets, _clock: Clock) -> None:
        why_not.clear()
        gone[:] = take_back(changes, sheets, why_not)
        refuse(why_not)

    keys = [one.key for one in changes] + list(reach_of(masters, graph, {}, {}).keys)
    treatment = Treatment(late_receipt_days=rules.late_receipt_days, fence_days=rules.fence_days)
    known = {id for one in changes for rows in (one.before, one.after) for id in rows.commitments}
    told = change(tx, graph, keys, treatment, apply, cause=cause, closed=sorted(known))
    refuse(_used(tx, ended))
    promises.cancel_openings(tx, [one.promise for one in gone], now=told.now)
    record_cause(
        tx,
        told,
        kind="Undone",
        body=canonical({"id": id, "records": len(stated) + len(ended), "keys": len(changes)}),
        actor=actor,
        news_id=f"undo:{id}",
    )
    fact = canonical({"cause": cause, "id": id, "actor": actor, "keys": len(changes)})
    audit.append(tx, [audit.Entry(type="SupplyUndone", body=fact)])
    return Outcome(
        cause=cause,
        applied=len(stated) + len(ended) + len(changes),
        ignored=(),
        opened=tuple(e.id for e in told.opened),
        closed=tuple(e.id for e in told.closed),
    )


class Unwinding(msgspec.Struct, frozen=True, kw_only=True):
    """What taking news back would do, as of one snapshot."""

    why_not: tuple[str, ...]  # later facts that build on it; then nothing below is meant
    foreseen: Foreseen | None = None
    gone: tuple[Commitment, ...] = ()  # orders that came with it, and would not be promised any more
    graph: Graph  # the master data as it would be


def foresee(tx: Tx, span: Span) -> Unwinding:
    """What `undo` would do, in one snapshot: nothing is locked and nothing written."""
    rules = policy.book(tx).rules
    stated, ended = graphs.reversal(tx, *span.graph)
    why_not: list[str] = graphs.restated_since(tx, *span.graph)
    graph = graphs.graph(tx)
    if why_not:
        return Unwinding(why_not=tuple(why_not), graph=graph)
    try:
        graph = graphs.foreseen(tx, stated, ended) if stated or ended else graph
    except InputError as error:
        return Unwinding(why_not=tuple(one.detail for one in error.errors), graph=graph)
    masters = [MasterStated(record=one) for one in stated if isinstance(one, Master)] + [
        MasterStated(ends=one) for one in ended
    ]
    changes = _changes(tx, span.keys)
    gone: list[Commitment] = []
    free: set[str] = set()

    def apply(sheets: Sheets, _clock: Clock) -> None:
        gone[:] = take_back(changes, sheets, why_not)
        free.update(key for key, sheet in sheets.items() if not sheet.supplies and not sheet.draws)

    keys = [one.key for one in changes] + list(reach_of(masters, graph, {}, {}).keys)
    treatment = Treatment(late_receipt_days=rules.late_receipt_days, fence_days=rules.fence_days)
    known = {id for one in changes for rows in (one.before, one.after) for id in rows.commitments}
    found = ledger_foresee(tx, graph, keys, treatment, apply, closed=sorted(known))
    why_not += _used(tx, ended, free)
    return Unwinding(
        why_not=tuple(why_not),
        foreseen=None if why_not else found,
        gone=tuple(gone),
        graph=graph,
    )


def _changes(tx: Tx, keys: Sequence[tuple[str, int, int]]) -> list[KeyChange]:
    before = _rows(tx, [(key, version) for key, version, _ in keys])
    after = _rows(tx, [(key, version) for key, _, version in keys])
    return [KeyChange(key=key, before=before[key], after=after[key]) for key, _, _ in keys]


def _rows(tx: Tx, versions: Sequence[tuple[str, int]]) -> dict[str, Rows]:
    found = {key: Rows(supplies={}, draws={}, commitments={}) for key, _ in versions}
    supplies, draws, commitments = reads.rows_at(tx, versions)
    for supply in supplies:
        found[supply.key].supplies[supply.id] = supply
    for draw in draws:
        found[draw.key].draws[draw.id] = draw
    for commitment in commitments:
        found[commitment.key].commitments[commitment.id] = commitment
    return found


def _used(tx: Tx, ended: Sequence[tuple[str, str]], free: Collection[str] = ()) -> list[str]:
    """What still stands on items, sites, resources and suppliers that would be gone; `free` are keys that would be empty."""
    names = set(ended)
    if not names:
        return []
    found = []
    for key in reads.keys_in_use(tx):
        if key in free:
            continue
        if kind_of_key(key) is Kind.node:
            item, site = node_of(key)
            for name in (("item", item), ("site", site)):
                if name in names:
                    found.append(
                        f"{name[0]} {name[1]} has stock, receipts or promises of its own since ({item} at {site})"
                    )
        elif key.startswith(("resource:", "overtime:", "supplier:")):
            kind = "supplier" if key.startswith("supplier:") else "resource"
            found += [
                f"{kind} {id} has work since"
                for k, id in sorted(names)
                if k == kind and key in (resource_key(id), resource_key(id, overtime=True), supplier_key(id))
            ]
    return found
