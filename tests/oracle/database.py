"""What the oracle sees of a database: master data, rules and rows in force, by statements of its own."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from tests.oracle.calendars import today
from tests.oracle.world import Kinds, Record, Rows, World


def world_of(connection: sa.Connection, now: int) -> tuple[World, dict[str, Record]]:
    """Master data and rules as they are, and the customers."""
    kinds: Kinds = {}
    for row in _select(
        connection, "SELECT kind, id, body FROM ledger_record WHERE version_to IS NULL ORDER BY kind, id"
    ):
        kinds.setdefault(row["kind"], {})[row["id"]] = msgspec.json.decode(row["body"])
    rules: Record = {"horizon_days": 365, "depth_max": 6, "fence_days": 0}
    customers: dict[str, Record] = {}
    for row in _select(connection, "SELECT kind, id, body FROM policy_record WHERE version_to IS NULL"):
        if row["kind"] == "rules":
            rules |= msgspec.json.decode(row["body"])
        if row["kind"] == "customer":
            customers[row["id"]] = msgspec.json.decode(row["body"])
    return World(kinds, rules, now), customers


def rows_of(connection: sa.Connection, world: World) -> Rows:
    """Supply that counts and everything that is drawn; what is overdue at a node counts as today's."""
    rows = Rows()
    for row in _select(
        connection,
        "SELECT key, on_day, quantity FROM ledger_supply WHERE version_to IS NULL AND counts = 'counted'",
    ):
        rows.add(row["key"], _no_earlier(world, row), row["quantity"])
    for row in _select(
        connection,
        "SELECT key, on_day, quantity FROM ledger_draw WHERE version_to IS NULL"
        " AND (expires_at IS NULL OR expires_at > :now)",
        now=world.now,
    ):
        rows.take(row["key"], _no_earlier(world, row), row["quantity"])
    return rows


def _no_earlier(world: World, row: Record) -> int:
    day: int = row["on_day"]
    if not row["key"].startswith("node:") or day == 0:
        return day
    site = row["key"].rpartition("@")[2].replace("%40", "@").replace("%25", "%")
    return max(day, today(world.one("site", site), world.now))


def _select(connection: sa.Connection, sql: str, **params: Any) -> list[Record]:
    return [dict(row) for row in connection.execute(sa.text(sql), params).mappings()]
