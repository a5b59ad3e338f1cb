"""How much of what comes in is new, how much differs from what is there, how much is the same?"""

from __future__ import annotations

from collections.abc import Mapping

from accord.connect.known import record_there
from accord.connect.model import Change, Translation
from accord.db.tx import Tx
from accord.exceptions.model import Counted, MasterStated, OpeningLine, ReceiptStated
from accord.kit.digest import canonical
from accord.ledger.decide.graph import kind_name
from accord.ledger.service import graphs
from accord.policy import service as policy
from accord.policy.model import Book, Customer, Price, Tier

_NEW, _CHANGED, _SAME = range(3)


def changes_of(tx: Tx, translation: Translation, lines: Mapping[str, tuple[str, bytes]]) -> dict[str, Change]:
    """By kind; `lines` are state and request of the lines of this source that are there.

    Counts of stock, receipts and opening commitments are news: each counts as new.
    """
    found: dict[str, list[int]] = {}

    def add(kind: str, index: int) -> None:
        found.setdefault(kind, [0, 0, 0])[index] += 1

    graph, book = graphs.graph(tx), policy.book(tx)
    for one in translation.news:
        match one:
            case MasterStated(record=record) if record is not None:
                add(kind_name(record), _against(record_there(graph, record), record))
            case Counted():
                add("count", _NEW)
            case ReceiptStated():
                add("receipt", _NEW)
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
