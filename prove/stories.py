"""What happens in a company, as material for proofs: a simulated life in which rules, rights, prices and costs change, too.

The same seed is the same story on either engine: clock, chance and ids are the story's own. Nobody judges its steps here;
that is the simulator's business.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

import msgspec

from accord.db.engine import Database
from accord.exceptions.model import MasterStated
from accord.kit.errors import AccordError
from accord.ledger.model import Item
from accord.policy import service as policies
from accord.policy.model import (
    Actor,
    Answer,
    Counted,
    CumulativeLimit,
    Edition,
    Period,
    Price,
    Right,
    Rights,
    Subject,
)
from accord.promise import service as promising
from accord.promise.model import Decision, Line, Request, Verb
from accord.promise.service import batch
from accord.simulation import world
from accord.simulation.clock import Clock, simulated
from accord.simulation.life import ACTOR, ZONES
from accord.simulation.run import WEIGHTS, Simulation

BOSS, SELLER, MANAGER = "boss", "seller", "manager"

# What happens beside what happens in the simulator, and how often.
_MORE = {
    "ask_somebody": 10, "say_yes": 6, "say_no": 2, "price": 4, "cost": 4, "rules": 2, "rights": 2, "edition": 1, "make_or_move": 8,
}  # fmt: skip


if _MORE.keys() & WEIGHTS.keys():
    raise ValueError("what the simulator does under the same name would hide what happens here")


class Story:
    """One life on a database that is empty and migrated."""

    def __init__(self, db: Database, clock: Clock, seed: int) -> None:
        self.db = db
        self.chance = random.Random(seed)
        self._simulation = Simulation(db, clock, self.chance, hot=self.chance.random() < 0.8)
        self._simulation.auditor = _NOBODY  # type: ignore[assignment]
        self._life, self._clock = self._simulation.life, clock
        self._number = 0
        self._asked: list[str] = []
        self.counts: Counter[str] = self._life.counts
        self._price()
        self._rights()

    def step(self) -> str:
        """One thing that happens; its name."""
        (name,) = self.chance.choices([*WEIGHTS, *_MORE], [*WEIGHTS.values(), *_MORE.values()])
        if name in WEIGHTS:
            self._simulation.step(name, audit=False)
            return name
        self.counts[name] += 1
        own: dict[str, Callable[[], None]] = {
            "ask_somebody": self._ask_somebody, "say_yes": lambda: self._settle(Verb.approve),
            "say_no": lambda: self._settle(Verb.decline), "price": self._price, "cost": self._cost, "rules": self._rules,
            "rights": self._rights, "edition": self._edition, "make_or_move": self._make_or_move,
        }  # fmt: skip
        try:
            own[name]()
        except AccordError as error:
            self.counts[f"error {error.code}"] += 1
        return name

    # --- rights and approvals ---

    def _ask_somebody(self) -> None:
        made = self._promise(
            Request(
                id=self._id(), verb=self.chance.choice((Verb.hold, Verb.commit)), customer=self._customer(),
                lines=(self._line(self.chance.randint(10, 60)),), accept="best", asks_approval=True,
            )
        )  # fmt: skip
        if made is not None and made.approval is not None:
            self._asked.append(made.approval)

    def _settle(self, verb: Verb) -> None:
        if self._asked:
            id = self._asked.pop(self.chance.randrange(len(self._asked)))
            self._promise(Request(id=self._id(), verb=verb, approval=id), actor=BOSS)

    def _rights(self) -> None:
        self._put(self._some_rights())

    def _edition(self) -> None:
        edition = Edition(
            id="",
            name=self._id(),
            effective_at=self._clock.now + self.chance.choice((1, 3_600, 90_000)) * 1_000_000,
            rules=(("fence_days", self.chance.choice((0, 1, 2))),),
            rights=self._some_rights(),
        )
        policies.state(self.db, edition, id=self._id(), actor=BOSS)

    def _some_rights(self) -> Rights:
        most = self.chance.choice((8, 15, 30))
        limit = CumulativeLimit(
            id="week", role=SELLER, of=Counted.quantity, over=Subject.customer, period=Period.week,
            most=self.chance.choice((60, 200)), then=Answer.ask, ask=MANAGER,
        )  # fmt: skip
        return Rights(
            rights=(
                Right(id="small", role=SELLER, then=Answer.allow, quantity_max=most, days_late_max=10),
                Right(id="more", role=SELLER, then=Answer.ask, ask=MANAGER, below_floor=True, borrow=True, inside_fence=True),
                Right(id="all", role=MANAGER, then=Answer.allow, below_floor=True, borrow=True, inside_fence=True),
            ),
            limits=(limit,),
            actors=(Actor(id=ACTOR, roles=(SELLER,)), Actor(id=BOSS, roles=(MANAGER,))),
        )  # fmt: skip

    # --- terms ---

    def _price(self) -> None:
        item = self._item()
        lowest = self.chance.choice((400, 550, 700))
        self._put(Price(id=item, item=item, list_minor=2 * lowest, floor_minor=lowest))

    def _cost(self) -> None:
        item = self._item()
        stated = Item(
            id=item,
            name=item.upper(),
            cost_minor=self.chance.choice((450, 500, 650)),
            cost_at=self.chance.choice((None, self._clock.now)),
            planner="planner-0",
        )
        self._simulation.weather.tell(MasterStated(record=stated))

    def _rules(self) -> None:
        changed = {
            "options_max": self.chance.choice((2, 4)),
            "fence_days": self.chance.choice((0, 1, 3)),
            "hold_seconds": self.chance.choice((1_800, 3_600)),
            "horizon_days": self.chance.choice((45, 60)),
        }
        self._put(msgspec.structs.replace(world.RULES, **changed))

    def _make_or_move(self) -> None:
        line = Line(
            item=self.chance.choice(("p0", "p0", "t0")),
            quantity=self.chance.randint(6, 14),
            requested_on=self._today() + self.chance.randint(9, 40),
            site=self.chance.choice((world.NORTH, world.SOUTH)),
        )
        made = self._promise(Request(id=self._id(), verb=Verb.commit, lines=(line,), accept="best"))
        if made is not None and made.promise is not None and self.chance.random() < 0.8:
            self._promise(Request(id=self._id(), verb=Verb.cancel, promise=made.promise))

    # --- what they share ---

    def _promise(self, request: Request, *, actor: str = ACTOR) -> Decision | None:
        (answer,) = promising.promise(self.db, [request], actor=actor)
        if isinstance(answer, AccordError):
            self.counts[f"error {answer.code}"] += 1
            return None
        self.counts[f"{request.verb.value} {answer.verdict.value}"] += 1
        return answer

    def _put(self, record: policies.Record) -> None:
        policies.put(self.db, [record], actor=BOSS, id=self._id())

    def _line(self, quantity: int) -> Line:
        price = self.chance.choice((None, 420, 600, 900))
        on = self._today() + self.chance.randint(0, 20)
        return Line(item=self._item(), quantity=quantity, requested_on=on, price_minor=price)

    def _item(self) -> str:
        return self.chance.choice(self.chance.choice(self._life.families).items)

    def _customer(self) -> str | None:
        return self.chance.choice((None, *world.CUSTOMERS))

    def _today(self) -> int:
        return self._clock.day(ZONES[world.NORTH])

    def _id(self) -> str:
        self._number += 1
        return f"story-{self._number}"


def _nothing_found(**_named: bool) -> list[object]:
    return []


_NOBODY = SimpleNamespace(follow=_nothing_found, audit=_nothing_found)


@contextmanager
def story(db: Database, seed: int) -> Iterator[Story]:
    """A story on an empty database; inside, the store's clock and the ids are the story's, and no batch is cut by the time
    that it takes."""
    clock = Clock()
    with simulated(clock, seed), mock.patch.object(batch, "BUDGET_SECONDS", 1e6):
        yield Story(db, clock, seed)
