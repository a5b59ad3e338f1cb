"""How are the rules read, and written with a version for ever?"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import msgspec

from accord.db import audit
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import AHEAD_DAYS_MAX, Instant
from accord.kit.digest import canonical
from accord.kit.errors import InputError
from accord.kit.money import exponent_of
from accord.ledger.model import LimitRecord
from accord.ledger.service.books import Treatment
from accord.ledger.service.limits import state_limits
from accord.ledger.service.news import again
from accord.ledger.service.treatment import state_treatment
from accord.policy import store
from accord.policy.decide import with_accounts
from accord.policy.model import Actor, Book, Customer, Edition, Price, Rights, Rules, Tier

Record = Customer | Tier | Price | Rules | Rights | Edition | Actor

HEAD = store.POLICY  # what the version of the rules is called among the settings
_KEPT_MAX = 4
_SPANS = (
    "hold_seconds",
    "hold_seconds_max",
    "approval_seconds",
    "count_seconds_max",
    "price_seconds_min",
    "price_seconds_max",
)
_ONE_AT_LEAST = (
    "horizon_days",
    "depth_max",
    "hold_seconds",
    "hold_seconds_max",
    "options_max",
    "approval_seconds",
    "price_seconds_min",  # a price that holds for no time at all would be one without an end
    "price_seconds_max",
)
_NOT_NEGATIVE = (
    "fence_days",
    "hold_renewals_max",
    "hold_quantity_max",
    "count_seconds_max",
    "price_move_bp",
)
_kept: WeakKeyDictionary[Database, dict[int, Book]] = WeakKeyDictionary()
_lock = threading.Lock()
_KINDS: dict[str, type[Record]] = {
    "customer": Customer,
    "tier": Tier,
    "price": Price,
    "rules": Rules,
    "rights": Rights,
    "edition": Edition,
    "actor": Actor,
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
    accounts: list[Actor] = []
    due: list[Instant] = []
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
        elif isinstance(record, Actor):
            accounts.append(record)
        elif isinstance(record, Edition):
            is_agreed = not record.second or record.agreed_by
            is_waiting = record.applied_at is None and record.withdrawn_at is None
            if is_waiting and is_agreed and record.effective_at is not None:
                due.append(record.effective_at)
        else:
            rules = record
    return Book(
        version=version,
        rules=rules,
        customers=customers,
        tiers=tiers,
        prices=prices,
        rights=None if rights is None else with_accounts(rights, accounts),
        stated=rights,
        accounts=tuple(accounts),
        next_at=min(due, default=None),
    )


def version(tx: Tx) -> int:
    """The version in force."""
    return store.version(tx)


def hold(tx: Tx) -> None:
    """Wait for whoever is changing the policy, and keep others from it until this transaction ends."""
    store.hold(tx)


def put(db: Database, records: Sequence[Record], *, actor: str, id: str) -> int:
    """State customers' terms, tiers, prices or the rules; what is stated again unchanged makes no new version.

    Returns the version in force afterwards. Raises: InputError naming the record and the field.
    """
    check(records)
    return again(db, lambda tx: put_in(tx, records, actor=actor, id=id))


def put_in(tx: Tx, records: Sequence[Record], *, actor: str, id: str) -> int:
    """The same inside a transaction, of records that were checked. Raises: Moved; the caller starts again."""
    before = store.version(tx)
    version = store.put(tx, [(*_named(record), canonical(record)) for record in records], [])
    for record in records:
        if isinstance(record, Rights):
            rules = next((one for one in records if isinstance(one, Rules)), book_at(tx, before).rules)
            limits = [LimitRecord(id=one.id, most=one.most) for one in record.limits]
            state_limits(tx, limits, _treatment(rules), actor=actor)
        if isinstance(record, Rules):
            # The book of the version before is kept; that of this one must not be, should the transaction be lost.
            _treat(tx, book_at(tx, before).rules, record, actor=actor)
    if version != before:
        fact = {"id": id, "actor": actor, "version": version, "records": len(records)}
        audit.append(tx, [audit.Entry(type="PolicyStated", body=canonical(fact))])
    return version


def undo_in(tx: Tx, before: int, after: int, *, actor: str, id: str) -> list[tuple[str, str]]:
    """Make what changed between two versions as it was at the first; what is gone by that, as (kind, id)."""
    if before == after:
        return []
    was = {(kind, ident): body for kind, ident, body in store.records(tx, before)}
    then = {(kind, ident): body for kind, ident, body in store.records(tx, after)}
    ended = sorted(name for name in then if name not in was)
    changed = [(*name, body) for name, body in sorted(was.items()) if then.get(name) != body]
    version = store.put(tx, changed, ended)
    there, back = (
        msgspec.json.decode(records.get(("rules", "rules"), b"{}"), type=Rules) for records in (then, was)
    )
    _treat(tx, there, back, actor=actor)
    fact = {"id": id, "actor": actor, "version": version, "records": len(changed) + len(ended)}
    audit.append(tx, [audit.Entry(type="PolicyUndone", body=canonical(fact))])
    return ended


def _treatment(rules: Rules) -> Treatment:
    return Treatment(late_receipt_days=rules.late_receipt_days, fence_days=rules.fence_days)


def _treat(tx: Tx, was: Rules, now: Rules, *, actor: str) -> None:
    """Where the rules count unproven supply otherwise from now on, have everything that rests on it judged again."""
    if _treatment(was) != _treatment(now):
        state_treatment(tx, _treatment(now), actor=actor)


def ended_by_undo(tx: Tx, before: int, after: int) -> list[tuple[str, str]]:
    """What `undo_in` would end, as (kind, id)."""
    was = {(kind, ident) for kind, ident, _ in store.records(tx, before)}
    return sorted({(kind, ident) for kind, ident, _ in store.records(tx, after)} - was)


def restated_since(tx: Tx, before: int, after: int) -> list[str]:
    """Which of the records that changed between two versions were changed again after them, in words."""
    if before == after:
        return []
    was, then, now = (
        {(kind, ident): body for kind, ident, body in store.records(tx, version)}
        for version in (before, after, store.version(tx))
    )
    return [
        f"{kind} {ident} was stated anew since"
        for kind, ident in sorted({*was, *then})
        if was.get((kind, ident)) != then.get((kind, ident)) != now.get((kind, ident))
    ]


def _named(record: Record) -> tuple[str, str]:
    if isinstance(record, Rules):
        return ("rules", "rules")
    if isinstance(record, Rights):
        return ("rights", "rights")
    kind = {Customer: "customer", Tier: "tier", Price: "price", Edition: "edition", Actor: "actor"}[
        type(record)
    ]
    return (kind, record.id)


def check(records: Sequence[Record]) -> None:
    for index, record in enumerate(records):
        where = f"/{index}"
        if isinstance(record, Rules):
            exponent_of(record.currency, f"{where}/currency")
            for name in _ONE_AT_LEAST:
                if getattr(record, name) < 1:
                    raise InputError.at(
                        f"{where}/{name}", "too_small", f"{name} is at least 1; state a larger number."
                    )
            for name in _NOT_NEGATIVE:
                if (getattr(record, name) or 0) < 0:
                    raise InputError.at(
                        f"{where}/{name}", "negative", f"{name} is not negative; state 0 or more."
                    )
            for name in _SPANS:
                if (getattr(record, name) or 0) > AHEAD_DAYS_MAX * 86_400:
                    detail = f"{name} is at most a hundred years; state a smaller number of seconds."
                    raise InputError.at(f"{where}/{name}", "too_large", detail)
            for name in ("horizon_days", "fence_days", "late_receipt_days"):
                if (getattr(record, name) or 0) > AHEAD_DAYS_MAX:
                    detail = f"{name} is at most {AHEAD_DAYS_MAX}, a hundred years; state a smaller number."
                    raise InputError.at(f"{where}/{name}", "too_large", detail)
            if record.late_receipt_days is not None and record.late_receipt_days < 0:
                raise InputError.at(
                    f"{where}/late_receipt_days",
                    "negative",
                    "late_receipt_days is not negative; state 0 or more, or none.",
                )
        elif isinstance(record, Rights | Edition):
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
