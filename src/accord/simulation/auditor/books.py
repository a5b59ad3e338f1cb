"""Do the books agree with themselves: sums with rows, owners with what they own, requests with effects, chains with their hashes?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256

import sqlalchemy as sa

from accord.simulation.auditor.coverage import unfilled
from accord.simulation.auditor.rows import Row, Rows, Violation, capacity, select

OPEN = ("held", "committed")


def sums(rows: Rows) -> Iterator[Violation]:
    """Each key's packed profile is the sum of its rows, and its summary is right."""
    for key, row in rows.keys.items():
        profile = row["profile"]
        supply = sorted(
            (s["on_day"], s["quantity"], s["id"], s["ref"] or "", s["expires_on"] or 0)
            for s in rows.counted(key)
        )
        drawn: dict[tuple[int, int], int] = defaultdict(int)
        for draw in rows.draws.get(key, ()):
            drawn[draw["on_day"], draw["life_days"] or 0] += draw["quantity"]
        draws = sorted((day, life, quantity) for (day, life), quantity in drawn.items())
        if [tuple(entry) for entry in profile["supply"]] != supply:
            yield Violation("profile", key, f"supply is {profile['supply']}, its rows say {supply}")
        if [tuple(entry) for entry in profile["draws"]] != draws:
            yield Violation("profile", key, f"draws are {profile['draws']}, their rows say {draws}")
        ending = [*rows.draws.get(key, ()), *rows.supplies.get(key, ())]
        expiry = min((row["expires_at"] for row in ending if row["expires_at"] is not None), default=None)
        kept = profile["next_expiry_at"]
        # Too early costs a look for nothing, too late would keep a hold that is over.
        if kept != row["next_expiry_at"] or (expiry is not None and (kept is None or kept > expiry)):
            detail = f"the next hold ends at {kept}, {row['next_expiry_at']} beside it, its rows say {expiry}"
            yield Violation("profile", key, detail)
        if profile["version"] != row["version"]:
            yield Violation(
                "profile", key, f"version {profile['version']} is packed, {row['version']} beside it"
            )
        yield from _summary(rows, key, row)
    for key in {*rows.supplies, *rows.draws, *rows.commitments} - set(rows.keys):
        yield Violation("profile", key, "has rows but no row of its own")


def _summary(rows: Rows, key: str, row: Row) -> Iterator[Violation]:
    # As of the moment it was written, or now: time alone turns past days into today.
    written, now = rows.day(key, row["latest_at"]), rows.today(key)
    lowest = _lowest(rows, key, written)
    if row["lowest"] not in (lowest, _lowest(rows, key, now)):
        yield Violation("summary", key, f"lowest is {row['lowest']}, its rows say {lowest}")
    if row["lowest"] + row["shortfall_max"] < 0:
        yield Violation(
            "summary", key, f"lowest {row['lowest']} is below the shortfall of {row['shortfall_max']}"
        )
    if row["shortfall_max"] != row["profile"]["shortfall_max"]:
        yield Violation("summary", key, "the shortfall beside the profile is not the one in it")


def _lowest(rows: Rows, key: str, today: int) -> int:
    """The least that is left on any day, as of the day to which the key was rolled."""
    draws = rows.draws.get(key, [])
    level: dict[int, int] = defaultdict(int)
    for draw in draws:
        level[max(draw["on_day"], today)] -= draw["quantity"]
    if not key.startswith("node:"):
        free = {
            day: capacity(rows.records, key, day) - sum(d["quantity"] for d in draws if d["on_day"] == day)
            for day in {d["on_day"] for d in draws}
            if day >= today or key.startswith(("allocation:", "limit:"))
        }
        return min(free.values(), default=0)
    level[today] += 0
    for supply in rows.counted(key):
        level[max(supply["on_day"], today)] += supply["quantity"]
    left, lowest = 0, None
    for day in sorted(level):
        left += level[day]
        lowest = left if lowest is None else min(lowest, left)
    if any(supply["expires_on"] for supply in rows.counted(key)):
        lowest = min(lowest or 0, -unfilled(rows.counted(key), draws, today))
    return lowest or 0


def owners(rows: Rows) -> Iterator[Violation]:
    """Every draw belongs to something open, and every open commitment draws exactly what is still to be delivered."""
    receipts = {row["id"] for group in rows.supplies.values() for row in group}
    commitments = {row["id"]: row for group in rows.commitments.values() for row in group}
    drawn: dict[str, int] = defaultdict(int)
    for key, draws in rows.draws.items():
        for draw in draws:
            if draw["expires_at"] is not None and draw["expires_at"] <= rows.now:
                continue  # given back when its key is next locked
            owner = commitments.get(draw["owner"])
            if owner is None:
                if draw["owner"] not in receipts:
                    yield Violation(
                        "owner", key, f"draw {draw['id']} belongs to {draw['owner']}, which is not there"
                    )
                continue
            # A share that was used stays used when the goods have left.
            if owner["state"] not in OPEN and not (
                owner["state"] == "fulfilled" and key.startswith(("allocation:", "limit:"))
            ):
                yield Violation(
                    "owner", key, f"draw {draw['id']} belongs to {owner['id']}, which is {owner['state']}"
                )
            if owner["state"] == "committed" and draw["expires_at"] is not None:
                yield Violation("owner", key, f"draw {draw['id']} ends, though {owner['id']} is committed")
            if owner["state"] == "held" and draw["expires_at"] is None:
                yield Violation(
                    "owner", key, f"draw {draw['id']} never ends, though {owner['id']} is only held"
                )
            if key == owner["key"]:
                drawn[owner["id"]] += draw["quantity"]
    now = rows.now
    ended = {
        draw["owner"]
        for group in rows.draws.values()
        for draw in group
        if draw["expires_at"] is not None and draw["expires_at"] <= now
    }
    for commitment in commitments.values():
        due = commitment["quantity"] - commitment["fulfilled"]
        if commitment["state"] == "committed" and drawn[commitment["id"]] != due:
            detail = f"{commitment['id']} draws {drawn[commitment['id']]} of the {due} it still owes"
            yield Violation("owner", commitment["key"], detail)
        if (
            commitment["state"] == "held"
            and commitment["id"] not in ended
            and drawn[commitment["id"]] not in (due, 0)
        ):
            detail = f"hold {commitment['id']} draws {drawn[commitment['id']]} of {due}"
            yield Violation("owner", commitment["key"], detail)


def versions(connection: sa.Connection) -> Iterator[Violation]:
    """No row is in force twice at one version of its key, and none is from a version that was not reached yet."""
    for table in ("ledger_supply", "ledger_draw", "ledger_commitment"):
        for row in select(
            connection,
            f"SELECT t.key, t.id, t.version_from, t.version_to, k.version FROM {table} t"
            " LEFT JOIN ledger_key k ON k.key = t.key"
            " WHERE k.key IS NULL OR t.version_from > k.version OR t.version_to > k.version"
            " OR t.version_to <= t.version_from",
        ):
            detail = f"{table} {row['id']} is in force from {row['version_from']} to {row['version_to']} of {row['version']}"
            yield Violation("versions", row["key"], detail)
        for row in select(
            connection,
            f"SELECT a.key, a.id, a.version_from, b.version_from AS other FROM {table} a JOIN {table} b"
            " ON b.key = a.key AND b.id = a.id AND b.version_from > a.version_from"
            " WHERE a.version_to IS NULL OR b.version_from < a.version_to",
        ):
            detail = (
                f"{table} {row['id']} of version {row['version_from']} is still in force at {row['other']}"
            )
            yield Violation("versions", row["key"], detail)


def effects(connection: sa.Connection) -> Iterator[Violation]:
    """A request id has one decision and one promise; a decision has one message."""
    for row in select(
        connection, "SELECT request_id, count(*) AS n FROM decision GROUP BY request_id HAVING count(*) > 1"
    ):
        yield Violation("once", row["request_id"], f"was decided {row['n']} times")
    for row in select(
        connection,
        "SELECT request_id, count(DISTINCT id) AS n FROM promise GROUP BY request_id HAVING count(DISTINCT id) > 1",
    ):
        yield Violation("once", row["request_id"], f"made {row['n']} promises")
    for row in select(
        connection,
        "SELECT d.id, count(o.id) AS n FROM decision d LEFT JOIN outbox o ON o.id = 'msg' || substr(d.id, 4)"
        " GROUP BY d.id HAVING count(o.id) <> 1",
    ):
        yield Violation("outbox", row["id"], f"has {row['n']} messages")
    for row in select(connection, "SELECT id FROM request WHERE replied_at IS NULL"):
        yield Violation("once", row["id"], "was claimed and never answered")


def chains(connection: sa.Connection) -> Iterator[Violation]:
    """Every audit entry has the hash of what it says and of the entry before it, without gaps."""
    chain, last, link = "", 0, ""
    for row in select(
        connection,
        "SELECT a.chain_id, a.seq, a.at, a.type, a.body, a.commitment, a.hash, c.started_at, c.writer"
        " FROM audit a LEFT JOIN audit_chain c ON c.id = a.chain_id ORDER BY a.chain_id, a.seq",
    ):
        if row["chain_id"] != chain:
            chain, last = row["chain_id"], 0
            link = sha256(f"chain:{chain}:{row['started_at']}:{row['writer']}".encode()).hexdigest()
        kind, body = row["type"].encode(), bytes(row["body"])
        head = f"{link}{row['commitment'] or '-'}{row['at']},{len(kind)},{len(body)}:".encode()
        if row["seq"] != last + 1 or sha256(head + kind + body).hexdigest() != row["hash"]:
            yield Violation("audit", chain, f"entry {row['seq']} does not follow from entry {last}")
        last, link = row["seq"], row["hash"]
