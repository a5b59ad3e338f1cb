"""What is in the database, read by statements of the auditor's own as plain dictionaries, in one snapshot."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from accord.db.tx import Tx

Row = dict[str, Any]


class Violation(NamedTuple):
    """One thing that is not as it must be."""

    rule: str  # which promise about promises is broken: "I1", "I2", "profile", …
    subject: str  # key or id
    detail: str


def select(connection: sa.Connection, sql: str, **params: Any) -> list[Row]:
    """Rows as dictionaries."""
    return [dict(row) for row in connection.execute(sa.text(sql), params).mappings()]


# What the auditor reads of each table.
KEY = ("key", "version", "profile", "lowest", "shortfall_max", "next_expiry_at", "latest_at")
VERSIONED = {
    "ledger_supply": (
        "key", "id", "version_from", "version_to", "kind", "quantity", "lot_quantity", "on_day", "ref", "proposed_by",
        "expires_at", "expires_on", "counts",
    ),
    "ledger_draw": (
        "key", "id", "version_from", "version_to", "owner", "promise", "on_day", "quantity", "sequence", "expires_at",
        "life_days", "feeds",
    ),
    "ledger_commitment": (
        "key", "id", "version_from", "version_to", "promise", "quantity", "fulfilled", "ship_on", "state",
    ),
}  # fmt: skip
EXCEPTION = ("key", "id", "commitment", "owner")
OPEN = ("held", "committed")
ANYBODY = frozenset("*")  # the terms of whoever may take from every share

_QUARTER = (
    900_000_000  # microseconds; in no zone the day begins or the offset changes within a quarter of an hour
)


def read(tx: Tx, columns: tuple[str, ...], rest: str, **params: Any) -> list[Row]:
    """Rows of a statement that goes on with `rest` after the columns, by the driver itself: quicker than `select`."""
    found = tx.rows(f"SELECT {', '.join(columns)} {rest}", **params)
    return [dict(zip(columns, row, strict=True)) for row in found]


class Rows:
    """The rows in force, with the master data in force, as one snapshot has them."""

    def __init__(self, tx: Tx, now: int) -> None:
        self.now = now
        self.records: dict[str, dict[str, Row]] = {}
        self._zones: dict[str, str] = {}  # of keys
        self._dates: dict[tuple[str, int], int] = {}  # of a zone in a quarter of an hour
        self.read_records(tx)
        # Rows in force; full reads, this is an audit.
        self.keys: dict[str, Row] = {}
        for row in read(tx, KEY, "FROM ledger_key ORDER BY key"):
            self.put_key(row)
        self.supplies = _by_key(tx, "ledger_supply")
        self.draws = _by_key(tx, "ledger_draw")
        self.commitments = _by_key(tx, "ledger_commitment")
        self.owned: dict[str, list[Row]] = defaultdict(list)  # draws by whom they belong to
        for draws in self.draws.values():
            for draw in draws:
                self.owned[draw["owner"]].append(draw)
        self.by_id = {row["id"]: row for group in self.commitments.values() for row in group}
        self.receipts = {row["id"] for group in self.supplies.values() for row in group}
        self.exceptions = open_exceptions(tx)

    def put_key(self, row: Row) -> None:
        """Keep a key's own row, with its profile unpacked."""
        row["profile"] = msgspec.msgpack.decode(row["profile"]) if row["profile"] else _NEW
        self.keys[row["key"]] = row

    def read_records(self, tx: Tx) -> None:
        """Read the master data in force."""
        self.records = master_data(tx.connection)
        self._zones.clear()

    def today(self, key: str) -> int:
        """The date at the key's site now; UTC's for what belongs to no site."""
        return self.day(key, self.now)

    def day(self, key: str, at: int) -> int:
        """The date at the key's site at a moment."""
        zone = self._zones.get(key)
        if zone is None:
            zone = self._zones[key] = self._zone(key)
        return self.date(zone, at)

    def date(self, zone: str, at: int) -> int:
        """The date in a zone at a moment."""
        slot = (zone, at // _QUARTER)
        if slot not in self._dates:
            if len(self._dates) > 1_000:
                self._dates.clear()
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
            self._dates[slot] = moment.astimezone(ZoneInfo(zone)).toordinal()
        return self._dates[slot]

    def _zone(self, key: str) -> str:
        sites = self.records.get("site", {})
        site = None
        if key.startswith("node:"):
            site = sites.get(item_and_site(key)[1])
        elif key.startswith(("resource:", "overtime:")):
            resource = self.records.get("resource", {}).get(key.partition(":")[2])
            site = sites.get(resource["site"]) if resource else None
        return str(site.get("zone", "UTC")) if site else "UTC"

    def counted(self, key: str) -> list[Row]:
        """The supplies of a key that count, as the rows say."""
        return [row for row in self.supplies.get(key, ()) if row["counts"] == "counted" and row["quantity"]]


_NEW: Row = {
    "supply": [], "draws": [], "next_expiry_at": None, "version": 0, "shortfall_max": 0,
}  # fmt: skip


def open_exceptions(tx: Tx) -> dict[str, list[Row]]:
    """Open exceptions by commitment."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in read(tx, EXCEPTION, "FROM ledger_exception WHERE closed_at IS NULL ORDER BY key, id"):
        found[row["commitment"]].append(row)
    return dict(found)


def _by_key(tx: Tx, table: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in read(tx, VERSIONED[table], f"FROM {table} WHERE version_to IS NULL ORDER BY key, id"):
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
        share = records.get("allocation", {}).get(name)
        if share is None:
            return 0  # ended
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
