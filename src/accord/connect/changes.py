"""How much of what comes in is new, how much differs from what is there, how much is the same?"""

from __future__ import annotations

from collections.abc import Mapping

from accord.connect.known import record_there
from accord.connect.model import Change, Translation
from accord.db.tx import Tx
from accord.exceptions.model import Counted, MasterStated, OpeningLine, ReceiptStated
from accord.kit.digest import canonical
from accord.ledger.decide.graph import kind_name
from accord.ledger.decide.sheet import on_hand_id
from accord.ledger.model import Supply, node_key
from accord.ledger.service import graphs, reads
from accord.policy import service as policy
from accord.policy.model import Book, Customer, Price, Tier

_NEW, _CHANGED, _SAME = range(3)


def changes_of(tx: Tx, translation: Translation, lines: Mapping[str, tuple[str, bytes]]) -> dict[str, Change]:
    """By kind; `lines` are state and request of the lines of this source that are there.

    A count is compared with the stock that is there now; opening commitments come in once.
    """
    found: dict[str, list[int]] = {}

    def add(kind: str, index: int) -> None:
        found.setdefault(kind, [0, 0, 0])[index] += 1

    graph, book = graphs.graph(tx), policy.book(tx)
    there = _supplies(tx, translation)
    for one in translation.news:
        match one:
            case MasterStated(record=record) if record is not None:
                add(kind_name(record), _against(record_there(graph, record), record))
            case Counted():
                add(
                    "count",
                    _count(there.get((node_key(one.item, one.site), on_hand_id(one.lot, one.status))), one),
                )
            case ReceiptStated():
                add("receipt", _receipt(there.get((node_key(one.item, one.site), one.id)), one))
            case OpeningLine():
                add("opening commitment", _SAME if one.ref in lines else _NEW)
            case _:
                add("other news", _NEW)
    for given in translation.policy:
        if isinstance(given, Customer | Tier | Price):
            add(type(given).__name__.lower(), _against(in_force(book, given), given))
    for line in translation.lines:
        was = lines.get(line.id)
        add("open line", _against(None if was is None else was[1], canonical(line.request)))
    return {kind: Change(new=n, changed=c, same=s) for kind, (n, c, s) in sorted(found.items())}


def _supplies(tx: Tx, translation: Translation) -> dict[tuple[str, str], Supply]:
    """What is at the nodes that counts and receipts name, by key and id."""
    keys = {
        node_key(one.item, one.site) for one in translation.news if isinstance(one, Counted | ReceiptStated)
    }
    return {(one.key, one.id): one for one in reads.supplies_of(tx, sorted(keys))}


def _count(there: Supply | None, one: Counted) -> int:
    if there is None:
        return _NEW
    return _SAME if (there.quantity, there.expires_on) == (one.quantity, one.expires_on) else _CHANGED


def _receipt(there: Supply | None, one: ReceiptStated) -> int:
    if there is None:
        return _SAME if one.quantity == 0 else _NEW
    said = (one.kind, one.quantity, one.due_on, one.released, one.ref, one.lot, one.expires_on)
    was = (there.kind, there.quantity, there.due_on, there.released, there.ref, there.lot, there.expires_on)
    return _SAME if said == was else _CHANGED


def in_force(book: Book, record: Customer | Tier | Price) -> Customer | Tier | Price | None:
    """What the policy says now under the record's id."""
    match record:
        case Customer():
            return book.customers.get(record.id)
        case Tier():
            return Tier(id=record.id, rank=book.tiers[record.id]) if record.id in book.tiers else None
        case Price():
            return book.prices.get(record.id)


def _against(there: object, given: object) -> int:
    return _NEW if there is None else _SAME if there == given else _CHANGED
