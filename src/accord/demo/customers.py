"""Who buys from Halden Pumps?

Sixty customers in three tiers, with made-up names. Northwind is always there, always in tier A, and always in Hamburg:
the story is about it.
"""

from __future__ import annotations

from random import Random

from accord.demo.network import ZONES
from accord.demo.story import CUSTOMER, SHIP_TO
from accord.policy.model import Customer, Tier

COUNT = 60
TIERS = (Tier(id="A", rank=1), Tier(id="B", rank=2), Tier(id="C", rank=3))
_LAST_OF_TIER = {"A": 10, "B": 30, "C": COUNT}  # the first ten are tier A, the next twenty B, the rest C

_FIRST = (
    "Alder", "Boreal", "Cinder", "Delta", "Ember", "Fjord", "Garnet", "Harbor", "Ivory", "Juniper",
    "Kestrel", "Linden", "Meridian", "Nimbus", "Orbit", "Prairie", "Quarry", "Rowan", "Summit", "Tundra",
)  # fmt: skip
_SECOND = (
    "Water",
    "Marine",
    "Process",
    "Foods",
    "Heating",
    "Mining",
    "Chemicals",
    "Energy",
    "Dairy",
    "Paper",
)
_SELLERS = ("Anna Lund", "Bruno Faure", "Celina Nowak", "David Hale")
_REGIONS = {
    "Hamburg": "Central", "Oslo": "Nordic", "Gothenburg": "Nordic", "Copenhagen": "Nordic", "Rotterdam": "West",
    "London": "West", "Paris": "West", "Milan": "South", "Barcelona": "South", "Munich": "Central",
    "Berlin": "Central", "Warsaw": "East", "Prague": "East", "Riga": "East",
}  # fmt: skip


def customers(seed: int) -> tuple[Customer, ...]:
    """The sixty customers of a seed; the first one is Northwind."""
    chance = Random(f"{seed}:customers")
    names = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    picked = sorted(chance.sample(names, COUNT - 1))
    chance.shuffle(picked)
    found = [_northwind()]
    for position, name in enumerate(picked, 2):
        tier = next(tier for tier, last in _LAST_OF_TIER.items() if position <= last)
        zone = ZONES[chance.randrange(len(ZONES))]
        found.append(
            Customer(
                id=name,
                name=name,
                tier=tier,
                channel="web" if chance.randrange(4) == 0 else "direct",
                region=_REGIONS[zone],
                ship_to=zone,
                calendar="Tuesdays and Thursdays" if chance.randrange(6) == 0 else "weekdays",
                ship_complete=chance.randrange(7) == 0,
                may_split=chance.randrange(5) != 0,
                may_substitute=chance.randrange(2) == 0,
                early_days_max=chance.choice((0, 0, 1, 2, 5)),
                late_days_max=chance.choice((None, None, None, 30, 45)),
                life_days_min=90 if chance.randrange(5) == 0 else 0,
                seller=_SELLERS[chance.randrange(len(_SELLERS))],
            )
        )
    return tuple(found)


def _northwind() -> Customer:
    return Customer(
        id=CUSTOMER,
        name="Northwind Process",
        tier="A",
        channel="direct",
        region=_REGIONS[SHIP_TO],
        ship_to=SHIP_TO,
        calendar="weekdays",
        may_substitute=True,
        seller=_SELLERS[0],
    )
