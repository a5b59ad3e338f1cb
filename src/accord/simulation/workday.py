"""What does a working day settle in a simulated life? Else everything would only get later, and less."""

from __future__ import annotations

from accord.exceptions.model import Counted, News, ReceiptArrived, ReceiptStated, Shipped
from accord.ledger.model import SupplyKind, node_key
from accord.simulation import world
from accord.simulation.auditor.rows import item_and_site, select
from accord.simulation.life import ZONES, Life
from accord.simulation.weather import Weather

PATIENCE_DAYS = 3  # so long after its day something that did not leave is called off
AT_ONCE_MAX = 3


class Workday:
    """Who ships, receives, carries out and throws away."""

    def __init__(self, life: Life, weather: Weather) -> None:
        self.life = life
        self.weather = weather

    def working_day(self) -> None:
        """What is due leaves or is called off, what was expected comes in: else everything only gets later."""
        family = self.life.chance.choice(self.life.families)
        self._ship_what_is_due(family)
        self._receive_what_is_due(family)

    def _ship_what_is_due(self, family: world.Family) -> None:
        chance, now = self.life.chance, self.life.clock.now
        leaving: list[News] = []
        hopeless: list[str] = []
        for item in family.items:
            for site in ZONES:
                today = self.weather.today(site)
                for row in self.weather.open_on(node_key(item, site)):
                    if row["ship_on"] < today - PATIENCE_DAYS:
                        hopeless.append(row["promise"])
                    elif row["ship_on"] <= today and chance.random() < 0.8:
                        due = row["quantity"] - row["fulfilled"]
                        leaving.append(Shipped(commitment=row["id"], quantity=due, at=now))
        if leaving:
            self.weather.tell(*leaving)
        for promise in dict.fromkeys(hopeless[:AT_ONCE_MAX]):
            self.life.call_off(promise)

    def _receive_what_is_due(self, family: world.Family) -> None:
        items = set(family.items)
        due = [
            known
            for known in self.weather.stated
            if known.item in items and known.due_on <= self.weather.today(known.site)
        ]
        news: list[News] = [
            ReceiptArrived(
                item=known.item, site=known.site, id=known.id, quantity=known.quantity, at=self.life.clock.now,
                lot=known.lot, expires_on=known.expires_on,
            )
            for known in due
        ]  # fmt: skip
        news += self._scrapped(family.item("f"))
        if news:
            self.weather.tell(*news)
        self.weather.stated = [known for known in self.weather.stated if known not in due]
        for item in family.items:
            for site in ZONES:
                self._carry_out_what_is_due(node_key(item, site))

    def _scrapped(self, food: str) -> list[News]:
        """Lots that expired are thrown away."""
        found: list[News] = []
        for site in ZONES:
            with self.life.db.read() as tx:
                rows = select(
                    tx.connection,
                    "SELECT lot, expires_on FROM ledger_supply WHERE key = :key AND version_to IS NULL AND kind = 'on_hand'"
                    " AND counts = 'expired' AND status = 'available' AND quantity > 0 ORDER BY id",
                    key=node_key(food, site),
                )
            for row in rows:
                found.append(
                    Counted(
                        item=food, site=site, quantity=0, as_of=self.life.clock.now, sequence=self.weather.number, lot=row["lot"],
                        expires_on=row["expires_on"],
                    )
                )  # fmt: skip
        return found

    def _carry_out_what_is_due(self, key: str) -> None:
        with self.life.db.read() as tx:
            rows = select(
                tx.connection,
                "SELECT key, id, kind, quantity, on_day FROM ledger_supply WHERE key = :key AND version_to IS NULL"
                " AND proposed_by IS NOT NULL AND expires_at IS NULL ORDER BY id",
                key=key,
            )
        item, site = item_and_site(key)
        news: list[News] = []
        for row in rows:
            if row["on_day"] <= self.weather.today(site) + 1:
                stated = ReceiptStated(
                    item=item, site=site, id=f"wo-{self.weather.number}-{len(news)}", kind=SupplyKind(row["kind"]),
                    cites=row["id"], quantity=row["quantity"], due_on=row["on_day"],
                )  # fmt: skip
                news.append(stated)
                self.weather.stated.append(stated)
        if news:
            self.weather.tell(*news)
