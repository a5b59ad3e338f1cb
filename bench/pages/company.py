"""The demo company with as many items and promises as a company has: what long lists are measured on."""

from __future__ import annotations

import random
from pathlib import Path

from accord.db.engine import open_database
from accord.demo import service as demo
from accord.demo.network import SITES
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import supply_changed
from accord.kit.days import Day
from accord.kit.errors import AccordError
from accord.ledger.model import Item
from accord.policy import service as policy
from accord.policy.model import Price
from accord.promise import said
from accord.promise import service as promise
from accord.promise.model import Line, Request, Verb

ACTOR = "Dana Holt"  # whom the demo's rights let promise most
_BATCH = 500
_STOCK = 1_000_000


def enlarge(file: Path, *, items: int, promises: int, seed: int = 7) -> None:
    """Bring the demo in this file to so many more items and promises."""
    chance = random.Random(seed)
    db = open_database(f"sqlite:///{file}")
    try:
        today = demo.load(db).today
        names = [f"B-{n:04}" for n in range(items)]
        supply_changed(
            db,
            [MasterStated(record=Item(id=name, name=f"Bearing {name}", cost_minor=700)) for name in names],
            actor=ACTOR,
            id="bench-items",
        )
        prices = [Price(id=f"bench-{name}", item=name, list_minor=1_200, floor_minor=900) for name in names]
        policy.put(db, prices, actor=ACTOR, id="bench-prices")
        counted = [
            Counted(item=name, site=site.id, quantity=_STOCK, as_of=1) for name in names for site in SITES
        ]
        supply_changed(db, counted, actor=ACTOR, id="bench-stock")
        with db.read() as tx:
            customers = sorted(policy.book(tx).customers)
        made = asked = 0
        while made < promises:
            batch = [
                _request(asked + n, chance, names, customers, today)
                for n in range(min(_BATCH, promises - made))
            ]
            asked += len(batch)
            for answer in promise.promise(db, batch, actor=ACTOR):
                if isinstance(answer, AccordError):
                    raise answer
                made += said.is_done(answer)
    finally:
        db.close()


def _request(
    number: int, chance: random.Random, names: list[str], customers: list[str], today: Day
) -> Request:
    line = Line(
        item=chance.choice(names),
        quantity=chance.randint(1, 50),
        requested_on=today + chance.randint(20, 70),
    )
    return Request(
        id=f"bench-{number}",
        verb=chance.choice((Verb.commit, Verb.commit, Verb.commit, Verb.hold)),
        customer=chance.choice(customers),
        ref=f"B-{number:05}",
        lines=(line,),
    )
