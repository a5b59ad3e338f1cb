"""How does the auditor keep up with a database without reading all of it after every step?

It keeps the rows in force in memory and after a step reads what the moved keys' versions brought and ended. Now and then
everything is read again and compared, so that a row that was changed without its key's version is found as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from accord.db.tx import Tx
from accord.simulation.auditor.rows import (
    ANYBODY,
    KEY,
    OPEN,
    VERSIONED,
    Row,
    Rows,
    Violation,
    decode,
    open_exceptions,
    read,
)


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What changed since the last look."""

    keys: dict[str, int]  # the version each had then
    since: dict[str, dict[str, list[Row]]]  # table -> key -> rows in force now or at any version since
    owners: set[str]  # whose draws or own rows changed
    commitments: set[str]  # whose exceptions opened or closed
    drawn: tuple[dict[str, int], dict[str, int]]  # what each allocation had and has given out
    is_all: bool  # the day or the master data is another: everything may be judged differently


class Mirror(Rows):
    """The rows in force, kept up to date."""

    def __init__(self, tx: Tx, now: int) -> None:
        super().__init__(tx, now)
        self._settings = _settings(tx)
        self._customers = _customers(tx)
        self._today: dict[str, int] = self._dates_now()
        self._drawn = {
            key.partition(":")[2]: sum(draw["quantity"] for draw in draws)
            for key, draws in self.draws.items()
            if key.startswith("allocation:")
        }

    def follow(self, tx: Tx, now: int, *, is_told: bool = True) -> tuple[Moved, list[Violation]]:
        """Take in what moved; and what went back, which nothing may. `is_told`: every midnight that passed."""
        self.now = now
        heads = dict(tx.rows("SELECT key, version FROM ledger_key"))
        was = {key: row["version"] for key, row in self.keys.items()}
        found = [
            Violation("versions", key, f"went back from {at} to {heads.get(key)}")
            for key, at in was.items()
            if heads.get(key, -1) < at
        ]
        moved = {key: was.get(key, 0) for key, at in heads.items() if at != was.get(key, -1)}
        is_all = self._other_records(tx)
        drawn = dict(self._drawn)
        for key in moved:
            if key.startswith("allocation:"):  # what a hold had that was over was given back by time
                drawn[key.partition(":")[2]] = sum(
                    draw["quantity"]
                    for draw in self.draws.get(key, ())
                    if draw["expires_at"] is None or draw["expires_at"] > now
                )
        owners: set[str] = set()
        since: dict[str, dict[str, list[Row]]] = {table: {} for table in VERSIONED}
        for key, before in moved.items():
            self.put_key(read(tx, KEY, "FROM ledger_key WHERE key = :key", key=key)[0])
            for table in VERSIONED:
                owners |= self._take_in(tx, table, key, before, since[table])
            if key.startswith("allocation:"):
                self._drawn[key.partition(":")[2]] = sum(draw["quantity"] for draw in self.draws.get(key, ()))
        for key in moved:  # after what went from any of them: a receipt may have gone from one key to another
            self.receipts |= {row["id"] for row in self.supplies.get(key, ())}
        self._forget(owners)
        today = self._dates_now()
        if is_told:
            is_all = is_all or today != self._today
            self._today = today
        if is_all:  # a midnight writes summaries anew without a new version
            for row in read(tx, KEY, "FROM ledger_key ORDER BY key"):
                self.put_key(row)
        exceptions = open_exceptions(tx)
        others = {
            id for id in {*exceptions, *self.exceptions} if exceptions.get(id) != self.exceptions.get(id)
        }
        self.exceptions = exceptions
        return (
            Moved(
                keys=moved,
                since=since,
                owners=owners,
                commitments=others,
                drawn=(drawn, self._drawn),
                is_all=is_all,
            ),
            found,
        )

    def terms(self, tx: Tx, promises: Iterable[str]) -> dict[str, frozenset[str]]:
        """What the customer of each of these promises belongs to: tier, channel, region; ANYBODY where a second person
        let it take from others."""
        found = {}
        # Promises in force by their ids.
        for id, customer, packed in tx.rows_in(
            "SELECT id, customer, body FROM promise WHERE in_force AND id IN (:keys) ORDER BY id",
            sorted(promises),
        ):
            body = decode(packed)
            if body.get("approved_by") and (body.get("figures") or {}).get("borrow"):
                found[id] = ANYBODY
                continue
            record = self._customers.get(customer, {}) if customer else {}
            found[id] = frozenset(
                f"{name}:{record[name]}" for name in ("tier", "channel", "region") if record.get(name)
            )
        return found

    def differs(self, fresh: Rows) -> list[Violation]:
        """Where what was followed is not what is there: somebody changed rows past their key's version."""
        found = []
        for name in ("supplies", "draws", "commitments"):
            mine, theirs = getattr(self, name), getattr(fresh, name)
            for key in sorted({*mine, *theirs}):
                kept = {row["id"]: row for row in mine.get(key, ())}
                there = {row["id"]: row for row in theirs.get(key, ())}
                for id in sorted({*kept, *there}):
                    if kept.get(id) != there.get(id) and (id in kept or name != "commitments"):
                        detail = (
                            f"{name}: {id} is {there.get(id)}, and was {kept.get(id)} at the same version"
                        )
                        found.append(Violation("versions", key, detail))
        return found

    def _take_in(self, tx: Tx, table: str, key: str, before: int, since: dict[str, list[Row]]) -> set[str]:
        """Read what a key's versions since `before` brought and ended in one table; whose rows these are."""
        columns = VERSIONED[table]
        changed = read(
            tx,
            columns,
            f"FROM {table} WHERE key = :key AND version_from > :before UNION SELECT {', '.join(columns)} FROM {table}"
            " WHERE key = :key AND version_to > :before",
            key=key,
            before=before,
        )
        held: dict[str, list[Row]] = {
            "ledger_supply": self.supplies,
            "ledger_draw": self.draws,
            "ledger_commitment": self.commitments,
        }[table]
        mine = held.get(key, [])
        ended = {row["id"] for row in changed}
        rows = [row for row in mine if row["id"] not in ended]
        rows += [row for row in changed if row["version_to"] is None]
        rows.sort(key=lambda row: str(row["id"]))
        held[key] = rows
        since[key] = rows + [row for row in changed if row["version_to"] is not None]
        if table == "ledger_draw":
            return self._take_in_owned(mine, rows)
        if table == "ledger_supply":
            self.receipts -= {row["id"] for row in mine}
            return ended
        for row in mine:
            self.by_id.pop(row["id"], None)
        self.by_id.update({row["id"]: row for row in rows})
        return ended

    def _take_in_owned(self, was: list[Row], now: list[Row]) -> set[str]:
        kept = {id(row) for row in was} & {id(row) for row in now}
        touched = set()
        for row in was:
            if id(row) not in kept:
                touched.add(row["owner"])
                self.owned[row["owner"]] = [one for one in self.owned[row["owner"]] if one is not row]
        for row in now:
            if id(row) not in kept:
                touched.add(row["owner"])
                self.owned[row["owner"]].append(row)
        return touched

    def _forget(self, owners: set[str]) -> None:
        """Leave out commitments that are closed and draw nothing: there is nothing to judge about them any more."""
        for owner in owners:
            if not self.owned.get(owner):
                self.owned.pop(owner, None)
                row = self.by_id.get(owner)
                if row is not None and row["state"] not in OPEN:
                    del self.by_id[owner]
                    self.commitments[row["key"]] = [
                        one for one in self.commitments[row["key"]] if one["id"] != owner
                    ]

    def _other_records(self, tx: Tx) -> bool:
        settings = _settings(tx)
        is_other = settings != self._settings
        if is_other:
            self._settings = settings
            self.read_records(tx)
            self._customers = _customers(tx)
        return is_other

    def _dates_now(self) -> dict[str, int]:
        zones = {"UTC", *(site.get("zone", "UTC") for site in self.records.get("site", {}).values())}
        return {zone: self.date(zone, self.now) for zone in sorted(zones)}


def _settings(tx: Tx) -> dict[str, str]:
    """The versions of master data and policy, among others."""
    return dict(tx.rows("SELECT name, value FROM setting WHERE name IN ('graph_version', 'policy_version')"))


def _customers(tx: Tx) -> dict[str, Row]:
    found = tx.rows("SELECT id, body FROM policy_record WHERE kind = 'customer' AND version_to IS NULL")
    return defaultdict(dict, {id: decode(body) for id, body in found})
