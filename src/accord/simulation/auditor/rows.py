"""What is in the database, read by statements of the auditor's own as plain dictionaries, in one snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

Row = dict[str, Any]


class Violation(NamedTuple):
    """One thing that is not as it must be."""

    rule: str  # which promise about promises is broken: "I1", "I2", "profile", …
    subject: str  # key or id
    detail: str


def select(connection: sa.Connection, sql: str, **params: Any) -> list[Row]:
    """Rows as dictionaries."""
    return [dict(row) for row in connection.execute(sa.text(sql), params).mappings()]


class Rows:
    """The rows in force of some keys (all, when none are named), with the master data in force."""

    def __init__(self, connection: sa.Connection, now: int, keys: Iterable[str] | None = None) -> None:
        self.now = now
        self.records = master_data(connection)
        where, params = "", {}
        if keys is not None:
            names = {f"k{n}": key for n, key in enumerate(sorted(keys))}
            where = f" AND key IN ({', '.join(':' + name for name in names) or 'NULL'})"
            params = names
        # Rows in force; full reads, this is an audit.
        self.keys: dict[str, Row] = {
            row["key"]: row
            for row in select(
                connection, f"SELECT * FROM ledger_key WHERE true{where} ORDER BY key", **params
            )
        }
        for row in self.keys.values():
            row["profile"] = msgspec.msgpack.decode(row["profile"])
        self.supplies = _by_key(connection, "ledger_supply", where, params)
        self.draws = _by_key(connection, "ledger_draw", where, params)
        self.commitments = _by_key(connection, "ledger_commitment", where, params)
        self.exceptions = select(
            connection,
            f"SELECT * FROM ledger_exception WHERE closed_at IS NULL{where} ORDER BY key, id",
            **params,
        )

    def today(self, key: str) -> int:
        """The date at the key's site now; UTC's for what belongs to no site."""
        return self.day(key, self.now)

    def day(self, key: str, at: int) -> int:
        """The date at the key's site at a moment."""
        sites = self.records.get("site", {})
        site = None
        if key.startswith("node:"):
            site = sites.get(item_and_site(key)[1])
        elif key.startswith(("resource:", "overtime:")):
            resource = self.records.get("resource", {}).get(key.partition(":")[2])
            site = sites.get(resource["site"]) if resource else None
        zone = site.get("zone", "UTC") if site else "UTC"
        return (
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at))
            .astimezone(ZoneInfo(zone))
            .toordinal()
        )

    def counted(self, key: str) -> list[Row]:
        """The supplies of a key that count, as the rows say."""
        return [row for row in self.supplies.get(key, ()) if row["counts"] == "counted" and row["quantity"]]

    def live(self, key: str) -> list[Row]:
        """The draws of a key without those of holds that are over."""
        return [
            row
            for row in self.draws.get(key, ())
            if row["expires_at"] is None or row["expires_at"] > self.now
        ]


def _by_key(connection: sa.Connection, table: str, where: str, params: Row) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in select(
        connection, f"SELECT * FROM {table} WHERE version_to IS NULL{where} ORDER BY key, id", **params
    ):
        found[row["key"]].append(row)
    return dict(found)


def master_data(connection: sa.Connection) -> dict[str, dict[str, Row]]:
    """Records in force: kind -> id -> record."""
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in select(
        connection, "SELECT kind, id, body FROM ledger_record WHERE version_to IS NULL ORDER BY kind, id"
    ):
        found[row["kind"]][row["id"]] = decode(row["body"])
    return dict(found)


def decode(body: bytes) -> Any:
    """A stored body, whichever of the two encodings it has."""
    if body[:1] in (b"{", b"["):
        return msgspec.json.decode(body)
    return msgspec.msgpack.decode(body)


def item_and_site(key: str) -> tuple[str, str]:
    """The item and the site that a node's key names."""
    item, site = key.removeprefix("node:").split("@")
    return item.replace("%40", "@").replace("%25", "%"), site.replace("%40", "@").replace("%25", "%")


def minutes_on(calendar: Row | None, day: int) -> int:
    """Open minutes of a day: of the rules that fit it, the one with the lowest priority number; none: the default."""
    if calendar is None:
        return 1_440
    fits = [
        (rule["priority"], n, rule["minutes"])
        for n, rule in enumerate(calendar.get("rules", ()))
        if (rule["from_on"] is None or rule["from_on"] <= day)
        and (rule["until_on"] is None or day < rule["until_on"])
        and rule["weekdays"] >> (day - 1) % 7 & 1
    ]
    minutes: int = min(fits)[2] if fits else calendar["default_minutes"]
    return minutes


def capacity(records: dict[str, dict[str, Row]], key: str, day: int) -> int:
    """How much of a key that does not carry over there is on a day."""
    kind, _, name = key.partition(":")
    calendars = records.get("calendar", {})

    def minutes(id: str | None) -> int:
        return minutes_on(calendars[id]["calendar"] if id is not None else None, day)

    if kind == "allocation":
        share = records["allocation"][name]
        inside: bool = share["from_on"] <= day < share["until_on"]
        return int(share["quantity"]) if inside else 0
    if kind == "limit":
        limit = records.get("limit", {}).get(name.split(":")[0].replace("%3A", ":").replace("%25", "%"))
        return int(limit["most"]) if limit else 0
    if kind == "supplier":
        supplier = records["supplier"][name]
        return int(supplier["capacity"]) if minutes(supplier.get("calendar")) else 0
    resource = records["resource"][name]
    open_minutes = minutes(resource.get("calendar"))
    units = int(resource.get("units", 1))
    if kind == "overtime":
        return units * int(resource.get("overtime_minutes", 0)) if open_minutes else 0
    return units * open_minutes
