"""Did anybody get more than the rights give? Summed from the rows of promises, decisions and approvals.

It shares no code with the rights: not the words of the file, not who decides, not the keys of limits. It knows the numbers
of each edition and who is whose second key, and reads what was promised, when, and on whose word.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from prove.rights.company import (
    COST_MINOR,
    FLOOR_MINOR,
    LIST_MINOR,
    PERSON_OF,
    ROLE_OF,
    Numbers,
)

_ZONE = ZoneInfo("Europe/Oslo")
_IN_FORCE = ("held", "committed", "fulfilled")


class Stood(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a promise: how it stood from a moment on, and on whose word."""

    promise: str
    version: int
    state: str
    customer: str
    quantity: int
    value: int  # minor units: what is paid, or what it costs where that is more
    price: int  # of one
    day: int
    made_at: int
    ends_at: int | None
    actor: str  # of the decision
    verb: str  # of the decision
    approved_by: str
    maker: str
    approval: str | None  # that the decision gave, or asked for

    def lasts(self, now: int) -> bool:
        return self.state in _IN_FORCE and (self.ends_at is None or self.ends_at > now)


def audit(path: str, editions: Sequence[tuple[int, Numbers]]) -> Iterator[str]:
    """What is wrong in a database, in words; `editions`: from which moment on which numbers counted."""
    rows = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        versions = list(_versions(rows))
        approvals = _approvals(rows)
    finally:
        rows.close()
    by_promise: dict[str, list[Stood]] = {}
    by_customer: dict[str, list[Stood]] = {}
    for one in versions:
        by_promise.setdefault(one.promise, []).append(one)
        by_customer.setdefault(one.customer, []).append(one)
    yield from _each(by_promise, approvals, editions)
    for one_customers in by_customer.values():
        yield from _sums(one_customers, approvals, editions)


# --- rows ---


def _versions(rows: sqlite3.Connection) -> Iterator[Stood]:
    found = rows.execute(
        "SELECT p.id, p.version, p.state, p.customer, p.changed_at, p.expires_at, p.actor, p.body, d.actor, d.verb, d.body"
        " FROM promise p JOIN decision d ON d.id = p.decision ORDER BY d.id"
    )
    for id, version, state, customer, at, ends, maker, body, actor, verb, decision in found:
        said: dict[str, Any] = msgspec.msgpack.decode(body)
        asked: dict[str, Any] = msgspec.json.decode(decision)
        lines = said["lines"]
        yield Stood(
            promise=id,
            version=version,
            state=state,
            customer=customer,
            quantity=sum(line["quantity"] for line in lines),
            value=sum(
                line["quantity"] * max(line.get("price_minor") or LIST_MINOR, COST_MINOR) for line in lines
            ),
            price=min(line.get("price_minor", LIST_MINOR) for line in lines),
            day=max(line["requested_on"] for line in lines),
            made_at=at,
            ends_at=ends,
            actor=actor,
            verb=verb,
            approved_by=said.get("approved_by", "") if verb == "approve" else "",
            maker=maker,
            approval=asked.get("approval"),
        )


def _approvals(rows: sqlite3.Connection) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for id, body in rows.execute("SELECT id, body FROM approval ORDER BY id, version"):
        found.setdefault(id, []).append(msgspec.msgpack.decode(body))
    return found


# --- each by itself ---


def _each(
    promises: dict[str, list[Stood]],
    approvals: dict[str, list[dict[str, Any]]],
    editions: Sequence[tuple[int, Numbers]],
) -> Iterator[str]:
    for history in promises.values():
        for before, one in zip([None, *history], history, strict=False):
            if one.state not in _IN_FORCE:
                continue
            if one.verb == "approve":
                yield from _approved(one, before, history, approvals)
            else:
                yield from _alone(one, approvals, _numbers(editions, one.made_at))
    for id, states in approvals.items():
        last = states[-1]
        if last["state"] == "approved" and last["promise"] not in promises:
            yield f"{id} was approved, and nothing came of it"


def _alone(one: Stood, approvals: dict[str, list[dict[str, Any]]], numbers: Numbers) -> Iterator[str]:
    """What somebody did on his own authority."""
    role = ROLE_OF[one.actor]
    if role == "director":
        most = None
    elif role == "manager":
        most = numbers.manager_commit
    else:
        most = getattr(numbers, f"{role}_{'hold' if one.state == 'held' else 'commit'}")
    if one.verb == "amend" and role in ("agent", "seller"):
        most = min(most or 0, getattr(numbers, f"{role}_commit"))  # must be allowed itself, too
    if most is not None and one.quantity > most:
        yield f"{_said(one)}: {one.quantity} is above {most}, and nobody approved it"
    keeps = one.approval is not None and one.state == "held" and approvals[one.approval][0].get("keeps")
    if keeps and one.ends_at != approvals[one.approval or ""][0]["expires_at"]:
        yield f"{_said(one)}: it is kept for longer than its approval may be given"
    if one.price < FLOOR_MINOR and not keeps:
        yield f"{_said(one)}: {one.price} is below the floor of {FLOOR_MINOR}, and nobody approved it"


def _approved(
    one: Stood, before: Stood | None, history: Iterable[Stood], approvals: dict[str, list[dict[str, Any]]]
) -> Iterator[str]:
    """What somebody did on another's word: it must be another's, in time, and exactly that."""
    if one.approval is None or len(approvals[one.approval]) != 2:
        yield f"{_said(one)}: it stands on the word of {one.approved_by}, and no approval says so"
        return
    asked, given = approvals[one.approval]
    who = PERSON_OF[one.actor]
    hands = {asked["actor"], one.maker}
    for other in history:
        if other.version < one.version and other.verb == "amend":
            hands.add(other.actor)
        elif other.version < one.version and other.approval in approvals and other.verb == "approve":
            request = approvals[other.approval][0]
            hands |= {request["actor"]} if request["request"]["verb"] == "amend" else set()
    if who in {PERSON_OF[hand] for hand in hands}:
        yield f"{_said(one)}: {one.actor} approved what {', '.join(sorted(hands))} asked for or made"
    if given["state"] != "approved" or given["decided_by"] != one.actor or one.approved_by != one.actor:
        yield f"{_said(one)}: its approval says {given['state']} by {given['decided_by']}"
    if asked["expires_at"] <= one.made_at:
        yield f"{_said(one)}: its approval had expired"
    if ROLE_OF[one.actor] != asked["role"]:
        yield f"{_said(one)}: {asked['role']} was asked, and {one.actor} is a {ROLE_OF[one.actor]}"
    if (before.version if before is not None else None) != asked.get("promise_version"):
        yield f"{_said(one)}: it was changed after approval was asked for it"
    lines = asked["request"].get("lines")
    if lines:
        terms = (
            sum(line["quantity"] for line in lines),
            min(line.get("price_minor", LIST_MINOR) for line in lines),
            max(line["requested_on"] for line in lines),
        )
        if terms != (one.quantity, one.price, one.day):
            yield f"{_said(one)}: approved were {terms}, and it is {(one.quantity, one.price, one.day)}"


# --- over a customer and a period ---


def _sums(
    rows: list[Stood], approvals: dict[str, list[dict[str, Any]]], editions: Sequence[tuple[int, Numbers]]
) -> Iterator[str]:
    """Whenever something was promised: what is in force of what was promised in the same period, on whose authority."""
    now: dict[str, Stood] = {}
    for one in rows:
        now[one.promise] = one
        if one.state not in _IN_FORCE:
            continue
        numbers = _numbers(editions, one.made_at)
        live = [other for other in now.values() if other.lasts(one.made_at)]
        for name, kind, mine, most in _limits(one, approvals, numbers):
            period = _period(one.made_at, kind)
            counted = [other for other in live if _period(other.made_at, kind) == period and mine(other)]
            whole = sum(o.value if name == "seller-week" else o.quantity for o in counted)
            if mine(one) and whole > most:
                yield f"{_said(one)}: {name} comes to {whole} of {most} in {period} for {one.customer}"


def _limits(one: Stood, approvals: dict[str, list[dict[str, Any]]], numbers: Numbers) -> Iterator[Any]:
    def authority(other: Stood) -> str:
        return ROLE_OF[other.actor]

    def asker(other: Stood) -> str:
        if other.verb != "approve" or other.approval is None:
            return ROLE_OF[other.actor]
        return ROLE_OF[approvals[other.approval][0]["actor"]]

    for role, most in (
        ("agent", numbers.agent_day),
        ("seller", numbers.seller_day),
        ("manager", numbers.manager_day),
    ):
        yield f"{role}-day", "day", lambda other, role=role: authority(other) == role, most
    # A limit that denies holds for whatever a seller asked for, whoever approved it.
    yield "seller-week", "week", lambda other: asker(other) == "seller", numbers.seller_week * 100
    # Only a director's word goes beyond this one, and his own is not enough for himself.
    yield (
        "all-month",
        "month",
        lambda other: authority(other) != "director" or other.verb != "approve",
        numbers.all_month,
    )


def _period(at: int, kind: str) -> str:
    moment = datetime.fromtimestamp(at // 1_000_000, _ZONE)
    if kind == "day":
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%G-W%V}" if kind == "week" else f"{moment:%Y-%m}"


def _numbers(editions: Sequence[tuple[int, Numbers]], at: int) -> Numbers:
    return [numbers for since, numbers in editions if since <= at][-1]


def _said(one: Stood) -> str:
    return f"{one.customer} {one.promise} version {one.version}, {one.state} by {one.verb} of {one.actor}"
