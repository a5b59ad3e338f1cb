"""How much of what comes in is new, how much differs from what is there, how much is the same?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

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

NEW, CHANGED, SAME = range(3)
ENDS = "ended master data"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that comes in, against what is there."""

    kind: str
    which: int  # NEW, CHANGED, SAME
    given: object
    there: object = None  # None = nothing


def changes_of(tx: Tx, translation: Translation, lines: Mapping[str, tuple[str, bytes]]) -> dict[str, Change]:
    """By kind; `lines` are state and request of the lines of this source that are there.

    A count is compared with the stock that is there now; opening commitments come in once.
    """
    found: dict[str, list[int]] = {}
    for one in judged(tx, translation, lines):
        found.setdefault(one.kind, [0, 0, 0])[one.which] += 1
    return {kind: Change(new=n, changed=c, same=s) for kind, (n, c, s) in sorted(found.items())}


def judged(tx: Tx, translation: Translation, lines: Mapping[str, tuple[str, bytes]]) -> Iterator[Judged]:
    """Everything that comes in, one by one, in the order in which it does."""
    graph, book = graphs.graph(tx), policy.book(tx)
    supplies = _supplies(tx, translation)
    for one in translation.news:
        match one:
            case MasterStated(record=record) if record is not None:
                there = record_there(graph, record)
                yield _against(kind_name(record), there, record)
            case MasterStated(ends=gone) if gone is not None:
                yield Judged(kind=ENDS, which=CHANGED, given=gone, there=gone)
            case Counted():
                was = supplies.get((node_key(one.item, one.site), on_hand_id(one.lot, one.status)))
                yield Judged(kind="count", which=_count(was, one), given=one, there=was)
            case ReceiptStated():
                was = supplies.get((node_key(one.item, one.site), one.id))
                yield Judged(kind="receipt", which=_receipt(was, one), given=one, there=was)
            case OpeningLine():
                yield Judged(kind="opening commitment", which=SAME if one.ref in lines else NEW, given=one)
            case _:
                yield Judged(kind="other news", which=NEW, given=one)
    for given in translation.policy:
        if isinstance(given, Customer | Tier | Price):
            yield _against(type(given).__name__.lower(), in_force(book, given), given)
    for line in translation.lines:
        before = lines.get(line.id)
        which = NEW if before is None else SAME if before[1] == canonical(line.request) else CHANGED
        yield Judged(kind="open line", which=which, given=line, there=None if before is None else before[1])


def _supplies(tx: Tx, translation: Translation) -> dict[tuple[str, str], Supply]:
    """What is at the nodes that counts and receipts name, by key and id."""
    keys = {
        node_key(one.item, one.site) for one in translation.news if isinstance(one, Counted | ReceiptStated)
    }
    return {(one.key, one.id): one for one in reads.supplies_of(tx, sorted(keys))}


def _count(there: Supply | None, one: Counted) -> int:
    if there is None:
        return NEW
    return SAME if (there.quantity, there.expires_on) == (one.quantity, one.expires_on) else CHANGED


def _receipt(there: Supply | None, one: ReceiptStated) -> int:
    if there is None:
        return SAME if one.quantity == 0 else NEW
    said = (one.kind, one.quantity, one.due_on, one.released, one.ref, one.lot, one.expires_on)
    was = (there.kind, there.quantity, there.due_on, there.released, there.ref, there.lot, there.expires_on)
    return SAME if said == was else CHANGED


def in_force(book: Book, record: Customer | Tier | Price) -> Customer | Tier | Price | None:
    """What the policy says now under the record's id."""
    match record:
        case Customer():
            return book.customers.get(record.id)
        case Tier():
            return Tier(id=record.id, rank=book.tiers[record.id]) if record.id in book.tiers else None
        case Price():
            return book.prices.get(record.id)


def _against(kind: str, there: object, given: object) -> Judged:
    which = NEW if there is None else SAME if there == given else CHANGED
    return Judged(kind=kind, which=which, given=given, there=there)
