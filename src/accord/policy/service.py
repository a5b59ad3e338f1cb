"""What happens to the rules, in order? They are read here, and written with a version for ever."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import msgspec

from accord.db import audit
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.digest import canonical
from accord.kit.errors import InputError
from accord.ledger.model import LimitRecord
from accord.ledger.service.books import Treatment
from accord.ledger.service.limits import state_limits
from accord.ledger.service.news import again
from accord.policy import store
from accord.policy.model import Book, Customer, Price, Rights, Rules, Tier

Record = Customer | Tier | Price | Rules | Rights

_KEPT_MAX = 4
_kept: WeakKeyDictionary[Database, dict[int, Book]] = WeakKeyDictionary()
_lock = threading.Lock()
_KINDS: dict[str, type[Customer] | type[Tier] | type[Price] | type[Rules] | type[Rights]] = {
    "customer": Customer,
    "tier": Tier,
    "price": Price,
    "rules": Rules,
    "rights": Rights,
}


def book(tx: Tx) -> Book:
    """The rules in force, with customers' terms and prices; kept by the process for each version."""
    return book_at(tx, store.version(tx))


def book_at(tx: Tx, version: int) -> Book:
    """The rules as they were at a version."""
    with _lock:
        found = _kept.setdefault(tx.database, {}).get(version)
    if found is None:
        found = _compiled(version, store.records(tx, version))
        with _lock:
            kept = _kept.setdefault(tx.database, {})
            while len(kept) >= _KEPT_MAX:
                del kept[next(iter(kept))]
            kept[version] = found
    return found


def _compiled(version: int, rows: Sequence[tuple[str, str, bytes]]) -> Book:
    rules, rights = Rules(), None
    customers, tiers, prices = {}, {}, {}
    for kind, ident, body in rows:
        record = msgspec.json.decode(body, type=_KINDS[kind])
        if isinstance(record, Customer):
            customers[ident] = record
        elif isinstance(record, Tier):
            tiers[ident] = record.rank
        elif isinstance(record, Price):
            prices[ident] = record
        elif isinstance(record, Rights):
            rights = record
        else:
            rules = record
    return Book(version=version, rules=rules, customers=customers, tiers=tiers, prices=prices, rights=rights)


def version(tx: Tx) -> int:
    """The version in force."""
    return store.version(tx)


def put(db: Database, records: Sequence[Record], *, actor: str, id: str) -> int:
    """State customers' terms, tiers, prices or the rules; what is stated again unchanged makes no new version.

    Returns the version in force afterwards. Raises: InputError naming the record and the field.
    """
    _check(records)

    def work(tx: Tx) -> int:
        before = store.version(tx)
        version = store.put(tx, [(*_named(record), canonical(record)) for record in records], [])
        for record in records:
            if isinstance(record, Rights):
                rules = next((one for one in records if isinstance(one, Rules)), book_at(tx, before).rules)
                treatment = Treatment(late_receipt_days=rules.late_receipt_days, fence_days=rules.fence_days)
                limits = [LimitRecord(id=one.id, most=one.most) for one in record.limits]
                state_limits(tx, limits, treatment, actor=actor)
        if version != before:
            audit.append(
                tx,
                [
                    audit.Entry(
                        type="PolicyStated",
                        body=canonical(
                            {"id": id, "actor": actor, "version": version, "records": len(records)}
                        ),
                    )
                ],
            )
        return version

    return again(db, work)


def _named(record: Record) -> tuple[str, str]:
    if isinstance(record, Rules):
        return ("rules", "rules")
    if isinstance(record, Rights):
        return ("rights", "rights")
    kind = {Customer: "customer", Tier: "tier", Price: "price"}[type(record)]
    return (kind, record.id)


def _check(records: Sequence[Record]) -> None:
    for index, record in enumerate(records):
        where = f"/{index}"
        if isinstance(record, Rules):
            for name in ("horizon_days", "depth_max", "hold_seconds", "hold_seconds_max", "options_max"):
                if getattr(record, name) < 1:
                    raise InputError.at(
                        f"{where}/{name}", "too_small", f"{name} is at least 1; state a larger number."
                    )
            for name in ("fence_days", "hold_renewals_max"):
                if getattr(record, name) < 0:
                    raise InputError.at(
                        f"{where}/{name}", "negative", f"{name} is not negative; state 0 or more."
                    )
            if record.late_receipt_days is not None and record.late_receipt_days < 0:
                raise InputError.at(
                    f"{where}/late_receipt_days",
                    "negative",
                    "late_receipt_days is not negative; state 0 or more, or none.",
                )
        elif isinstance(record, Rights):
            continue
        elif not record.id:
            raise InputError.at(f"{where}/id", "missing", "A record needs an id; give it one.")
        elif isinstance(record, Customer) and (record.early_days_max < 0 or record.life_days_min < 0):
            raise InputError.at(
                f"{where}",
                "negative",
                f"The terms of {record.id} have a negative number of days; state 0 or more.",
            )
        elif isinstance(record, Tier) and record.rank < 1:
            raise InputError.at(f"{where}/rank", "too_small", "The highest tier has rank 1; state 1 or more.")
        elif isinstance(record, Price) and min(record.list_minor, record.floor_minor) < 0:
            raise InputError.at(
                f"{where}", "negative", f"The price of {record.item} is negative; state 0 or more."
            )
