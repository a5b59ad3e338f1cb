"""Is what somebody was told of there, is it his who may, and does what is made take what it is made of?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from accord.db.tx import Tx
from accord.simulation.auditor.rows import OPEN, Row, Rows, Violation, decode, item_and_site


def acknowledged(tx: Tx, promises: Iterable[str]) -> Iterator[Violation]:
    """Each promise that somebody was told of is there, with the commitments that its state needs."""
    for promise in sorted(promises):
        # One row, by primary key; its commitments by their index on the promise.
        there = tx.rows("SELECT state FROM promise WHERE id = :id AND in_force", id=promise)
        if len(there) != 1:
            yield Violation("lost", promise, f"somebody was told of it, and {len(there)} of it are there")
            continue
        state = there[0][0]
        rows = tx.rows(
            "SELECT state FROM ledger_commitment WHERE promise = :id AND version_to IS NULL", id=promise
        )
        states = {one for (one,) in rows}
        if state in OPEN and not states & {state, "fulfilled", "expired"}:
            yield Violation(
                "orphan", promise, f"is {state}, and its commitments are {sorted(states) or 'not there'}"
            )
        if state not in OPEN and states & set(OPEN):
            yield Violation("orphan", promise, f"is {state}, and its commitments are {sorted(states)}")


def once(tx: Tx, promises: Iterable[str], known: dict[str, str]) -> Iterator[Violation]:
    """A request makes one promise; `known` is which one each made, and is added to."""
    # First versions by their ids; orders promised elsewhere have no decision, and one piece of news may bring many.
    found = tx.rows_in(
        "SELECT id, request_id FROM promise WHERE version = 1 AND decision <> '' AND id IN (:keys) ORDER BY id",
        sorted(promises),
    )
    for promise, request in found:
        if known.setdefault(request, promise) != promise:
            yield Violation("once", request, f"made {known[request]} and {promise}")


def approvals(tx: Tx, ids: Iterable[str], persons: Mapping[str, str]) -> Iterator[Violation]:
    """What was approved was approved by another person, in time, and is what was asked for. `persons`: who is behind whom."""
    for id in sorted(ids):
        # The latest row of one approval, by primary key.
        rows = tx.rows("SELECT body FROM approval WHERE id = :id ORDER BY version DESC LIMIT 1", id=id)
        if not rows:
            yield Violation("approval", id, "is not there")
            continue
        body = decode(rows[0][0])
        if body["state"] != "approved":
            continue
        asked, gave = body["actor"], body["decided_by"]
        if persons.get(asked, asked) == persons.get(gave, gave):
            yield Violation(
                "approval", id, f"was asked by {asked} and given by {gave}, who is the same person"
            )
        if body["decided_at"] >= body["expires_at"]:
            yield Violation(
                "approval", id, f"ended at {body['expires_at']} and was given at {body['decided_at']}"
            )
        yield from _as_asked(tx, id, body)


def _as_asked(tx: Tx, id: str, body: Row) -> Iterator[Violation]:
    # The version of the promise that the approval made, by primary key: what happened to it later is not the approval's.
    rows = tx.rows(
        "SELECT body FROM promise WHERE id = :id AND changed_at <= :at ORDER BY version DESC LIMIT 1",
        id=body.get("promise") or "",
        at=body["decided_at"],
    )
    wanted = [(line["item"], line["quantity"]) for line in body["request"].get("lines", ())]
    for (packed,) in rows:
        made = [(line["item"], line["quantity"]) for line in decode(packed)["lines"]]
        if wanted and made != wanted:
            yield Violation("approval", id, f"was asked for {wanted} and made {made}")


def limits(tx: Tx, promises: Iterable[str], limit: str, actor: str) -> Iterator[Violation]:
    """What an actor promised on his own word draws all of itself from his cumulative limit."""
    for promise in sorted(promises):
        # One row, by primary key.
        found = tx.rows("SELECT body, actor, state FROM promise WHERE id = :id AND in_force", id=promise)
        if not found or found[0][1] != actor or found[0][2] != "committed":
            continue
        body = decode(found[0][0])
        if body.get("approved_by"):
            continue
        # Draws in force of one promise, by their index.
        drawn = tx.rows(
            "SELECT coalesce(sum(quantity), 0) FROM ledger_draw WHERE promise = :id AND version_to IS NULL"
            " AND key LIKE :limit",
            id=promise,
            limit=f"limit:{limit}:%",
        )[0][0]
        wanted = sum(line["quantity"] for line in body["lines"])
        if drawn != wanted:
            yield Violation(
                "limit", promise, f"{wanted} were promised by {actor}, {drawn} of it on his limit"
            )


def bills(rows: Rows, new: Iterable[Row]) -> Iterator[Violation]:
    """A receipt that a promise proposed takes what it is made of, or what it is moved from."""
    for receipt in new:
        # What carries a proposal out says itself what it takes.
        if not receipt["id"].startswith("rcp_") or receipt["kind"] not in ("production", "transfer"):
            continue
        taken: dict[str, int] = defaultdict(int)
        for draw in rows.owned.get(receipt["id"], ()):
            if draw["key"].startswith("node:"):
                taken[draw["key"]] += draw["quantity"]
        item, site = item_and_site(receipt["key"])
        lot = receipt["lot_quantity"] or receipt["quantity"]
        if receipt["kind"] == "transfer":
            origins = {
                f"node:{item}@{lane['origin']}"
                for lane in rows.records.get("lane", {}).values()
                if lane["item"] == item and lane["destination"] == site
            }
            if not any(taken == {origin: lot} for origin in origins):
                detail = f"{receipt['id']} moves {lot} and takes {dict(taken)} of {sorted(origins)}"
                yield Violation("bill", receipt["key"], detail)
            continue
        operations = [
            one
            for one in rows.records.get("operation", {}).values()
            if one["item"] == item and one["site"] == site
        ]
        if not any(_takes(operation, lot, site, taken) for operation in operations):
            yield Violation("bill", receipt["key"], f"{receipt['id']} makes {lot} and takes {dict(taken)}")


def _takes(operation: Row, lot: int, site: str, taken: dict[str, int]) -> bool:
    for one in operation.get("inputs", ()):
        needed = -(-lot * one["quantity"] // one.get("per", 1)) + one.get("fixed", 0)
        others = (one["item"], *one.get("alternates", ()))
        if needed not in [taken.get(f"node:{item}@{site}", 0) for item in others]:
            return False
    return True
