"""A thousand stored decisions come out the same again, byte for byte, after later slips and a restart."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.promise.model import Line, Request, Verb
from accord.promise.service import replay_all
from accord.simulation import world
from accord.simulation.clock import Clock, simulated
from accord.simulation.life import Life
from accord.simulation.run import Simulation

SEED = 11
# What is lived: decisions of every kind, among news that keeps supply moving.
STEPS = {
    "hold": 4, "order_of_many": 10, "commit_what_was_offered": 4, "batch": 2, "hold_and_amend_at_once": 4, "amend": 4,
    "commit_hold": 4, "commit_expired_hold": 1, "cancel": 8, "release": 3, "renew": 1, "nonsense": 2,
    "receipt": 4, "slip": 3, "cut": 1, "arrive": 2, "cite": 1, "count": 2, "ship": 5, "capacity": 1, "later": 2, "next_day": 1,
    "make_or_move": 60,
}  # fmt: skip
ENOUGH = {"decisions": 1_000, "make or transfer": 300, "refused": 100, "many lines": 100}
LATER = ("slip", "cut", "count", "capacity", "next_day", "arrive")


def live(db: Database) -> None:
    """Decide until there is enough of everything, then let supply change."""
    chance, clock = random.Random(SEED), Clock()
    names, weights = list(STEPS), list(STEPS.values())
    with simulated(clock, SEED):
        life = Simulation(db, clock, chance, hot=True)
        for number in range(4_000):
            name = chance.choices(names, weights)[0]
            if name == "make_or_move":
                make_or_move(life.life)
            else:
                life.step(name, audit=False)
            if number % 50 == 0 and all(kinds(db)[kind] >= enough for kind, enough in ENOUGH.items()):
                break
        for name in LATER * 3:
            life.step(name, audit=False)


def make_or_move(life: Life) -> None:
    """Somebody wants more of a product than lies there, mostly changes their mind, and makes room for the next."""
    chance = life.chance
    line = Line(
        item=chance.choice(("p0", "p0", "t0")),
        quantity=chance.randint(6, 24),
        requested_on=clock_day(life) + chance.randint(9, 40),
        site=chance.choice((world.NORTH, world.SOUTH)),
    )
    made = life.promise_one(Request(id=life.next_id(), verb=Verb.commit, lines=(line,), accept="best"))
    if made is not None and made.promise is not None and chance.random() < 0.95:
        life.promise_one(Request(id=life.next_id(), verb=Verb.cancel, promise=made.promise))


def clock_day(life: Life) -> int:
    return life.clock.day("Europe/Oslo")


def kinds(db: Database) -> Counter[str]:
    """How many stored decisions there are of each kind that must be among them."""
    with db.read() as tx:
        bodies = [body for (body,) in tx.rows("SELECT body FROM decision")]
    found = Counter(decisions=len(bodies))
    for body in bodies:
        decision = msgspec.json.decode(body)
        found["refused"] += "promise" not in decision
        found["many lines"] += len(decision["request"].get("lines", ())) > 1
        options = decision.get("options", ())
        chosen = options[decision["chosen"]] if "chosen" in decision else {}
        sources = {make["source"].partition(":")[0] for make in chosen.get("makes", ())}
        found["make or transfer"] += bool(sources & {"make", "move"})
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_decisions_are_decided_again_to_the_byte(db_url: str) -> None:
    db = open_database(db_url)
    upgrade(db)
    live(db)
    count = kinds(db)
    db.close()

    restarted = open_database(db_url)
    again = replay_all(restarted)

    print(f"seed {SEED}, {dict(count)}")
    assert [one for one in again if not one.same] == []
    assert len(again) == count["decisions"]
    assert all(count[kind] >= enough for kind, enough in ENOUGH.items()), count
    _control(restarted)
    restarted.close()


def _control(db: Database) -> None:
    """One changed draw, the one that most versions of its node have seen: decisions on it do not come out the same."""
    with db.write() as tx:
        assert tx.execute(
            "UPDATE ledger_draw SET quantity = quantity + 10 WHERE (key, id) ="
            " (SELECT key, id FROM ledger_draw WHERE key = 'node:p0@north'"
            " ORDER BY coalesce(version_to, 1000000) - version_from DESC, id LIMIT 1)"
        )  # fmt: skip

    changed = [one for one in replay_all(db) if not one.same]

    assert changed
    assert all(one.difference for one in changed)
