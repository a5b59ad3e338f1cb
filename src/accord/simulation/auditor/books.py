"""Do the books agree with themselves: sums with rows, owners with what they own, requests with effects, chains with their hashes?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

import sqlalchemy as sa

from accord.simulation.auditor.coverage import unfilled
from accord.simulation.auditor.rows import OPEN, Row, Rows, Violation, capacity, select


def sums(rows: Rows, keys: Iterable[str] | None = None) -> Iterator[Violation]:
    """The packed profile of each of these keys (None: of all) is the sum of its rows, and its summary is right."""
    if keys is None:
        keys = {*rows.keys, *rows.supplies, *rows.draws, *rows.commitments}
    for key in sorted(keys):
        row = rows.keys.get(key)
        if row is None:
            yield Violation("profile", key, "has rows but no row of its own")
            continue
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


def owners(rows: Rows, ids: Iterable[str] | None = None) -> Iterator[Violation]:
    """Every draw of these owners (None: of all) belongs to something open, and an open commitment draws exactly what is
    still to be delivered."""
    if ids is None:
        ids = {*rows.owned, *rows.by_id}
    for id in sorted(ids):
        owner, draws = rows.by_id.get(id), rows.owned.get(id, ())
        if owner is None:
            if draws and id not in rows.receipts:
                for draw in draws:
                    if not _is_over(draw, rows.now):
                        detail = f"draw {draw['id']} belongs to {id}, which is not there"
                        yield Violation("owner", draw["key"], detail)
            continue
        yield from _owner(owner, draws, rows.now)


def _owner(owner: Row, draws: Sequence[Row], now: int) -> Iterator[Violation]:
    drawn, has_ended = 0, False
    for draw in draws:
        if _is_over(draw, now):
            has_ended = True
            continue  # given back when its key is next locked
        key = draw["key"]
        # A share that was used stays used when the goods have left, and so does a limit, if only some of them have.
        is_used = (owner["state"] == "fulfilled" and key.startswith(("allocation:", "limit:"))) or (
            owner["fulfilled"] and key.startswith("limit:")
        )
        if owner["state"] not in OPEN and not is_used:
            yield Violation(
                "owner", key, f"draw {draw['id']} belongs to {owner['id']}, which is {owner['state']}"
            )
        if owner["state"] == "committed" and draw["expires_at"] is not None:
            yield Violation("owner", key, f"draw {draw['id']} ends, though {owner['id']} is committed")
        if owner["state"] == "held" and draw["expires_at"] is None:
            yield Violation("owner", key, f"draw {draw['id']} never ends, though {owner['id']} is only held")
        if key == owner["key"]:
            drawn += draw["quantity"]
    due = owner["quantity"] - owner["fulfilled"]
    if owner["state"] == "committed" and drawn != due:
        yield Violation("owner", owner["key"], f"{owner['id']} draws {drawn} of the {due} it still owes")
    if owner["state"] == "held" and not has_ended and drawn not in (due, 0):
        yield Violation("owner", owner["key"], f"hold {owner['id']} draws {drawn} of {due}")


def _is_over(draw: Row, now: int) -> bool:
    return draw["expires_at"] is not None and draw["expires_at"] <= now


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
        "SELECT request_id, count(DISTINCT id) AS n FROM promise WHERE decision <> '' GROUP BY request_id HAVING count(DISTINCT id) > 1",
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


class Chains:
    """Goes along every audit chain: each entry has the hash of what it says and of the entry before it, without gaps."""

    def __init__(self) -> None:
        self._heads: dict[str, tuple[int, str]] = {}

    def follow(self, connection: sa.Connection) -> Iterator[Violation]:
        """What is wrong in the entries since the last time."""
        for row in select(
            connection,
            "SELECT a.chain_id, c.started_at, c.writer FROM (SELECT DISTINCT chain_id FROM audit) a"
            " LEFT JOIN audit_chain c ON c.id = a.chain_id ORDER BY a.chain_id",
        ):
            chain = row["chain_id"]
            first = sha256(f"chain:{chain}:{row['started_at']}:{row['writer']}".encode()).hexdigest()
            last, link = self._heads.get(chain, (0, first))
            for entry in select(
                connection,
                "SELECT seq, at, type, body, commitment, hash FROM audit WHERE chain_id = :chain AND seq > :last ORDER BY seq",
                chain=chain,
                last=last,
            ):
                kind, body = entry["type"].encode(), bytes(entry["body"])
                head = f"{link}{entry['commitment'] or '-'}{entry['at']},{len(kind)},{len(body)}:".encode()
                if entry["seq"] != last + 1 or sha256(head + kind + body).hexdigest() != entry["hash"]:
                    yield Violation("audit", chain, f"entry {entry['seq']} does not follow from entry {last}")
                last, link = entry["seq"], entry["hash"]
            self._heads[chain] = (last, link)
