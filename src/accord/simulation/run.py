"""Runs a random life on a database and has every step judged.

The same seed on the same kind of database is the same life: the clock, the chance and the ids are the simulation's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import msgspec

from accord.db.engine import Database
from accord.kit.days import Instant
from accord.kit.errors import AccordError
from accord.policy import service as policies
from accord.simulation import world
from accord.simulation.auditor.judge import Auditor, Told
from accord.simulation.auditor.locks import Locks
from accord.simulation.auditor.rows import Violation
from accord.simulation.between import BETWEEN
from accord.simulation.clock import START, Clock, simulated
from accord.simulation.crowd import Crowd
from accord.simulation.life import ACTOR, Life
from accord.simulation.mutants.known import active
from accord.simulation.office import SAM, SAM_IN_CHARGE, Office, prices
from accord.simulation.weather import Weather
from accord.simulation.workday import Workday

AUDIT_EVERY = 500  # steps between looks at everything in force, beside what each step moved
VIOLATIONS_MAX = 20  # after which a run gives up
STEP_OPS_MAX = 40  # operations in one step, a midnight after it included

# What happens, and how often: decisions first.
WEIGHTS: dict[str, int] = {
    "ask": 3, "hold": 8, "commit": 10, "commit_what_was_offered": 6, "order_of_many": 5, "batch": 4, "commit_hold": 6,
    "commit_expired_hold": 2, "hold_and_amend_at_once": 4, "renew": 2, "amend": 6, "release": 2, "cancel": 5, "repeat": 2,
    "repeat_with_other_terms": 1, "nonsense": 1,
    "receipt": 7, "slip": 4, "redirect": 1, "trust": 1, "cut": 2, "arrive": 4, "cite": 3, "count": 4, "ship": 6, "opening_line": 1, "capacity": 1,
    "working_day": 4, "new_shares": 1, "bring_in": 1, "later": 4, "next_day": 2, "repeat_news": 1,
    "meanwhile": 4, "rush": 2, "lost": 3, "clock_jumps": 1,
    "sell": 6, "ask_approval": 2, "approve": 2, "approve_own": 1, "decline": 1, "take_back": 1, "move_costs": 1,
}  # fmt: skip


# What is news and no decision: it may make a shortfall.
NEWS = frozenset(
    {
        "receipt", "slip", "redirect", "trust", "cut", "arrive", "cite", "count", "ship", "opening_line", "capacity", "working_day",
        "new_shares", "bring_in", "later", "next_day", "repeat_news", "move_costs",
    }
)  # fmt: skip


class Step(msgspec.Struct, frozen=True):
    """What was done, and what was wrong after it."""

    number: int
    name: str
    ops: int  # operations done by then: requests, news, and the passing of time
    violations: tuple[Violation, ...]

    @property
    def is_fault(self) -> bool:
        """Whether a guard of the product stopped it: its transaction is lost, and what else is wrong with it may come of that."""
        return any(rule == "fault" for rule, _subject, _detail in self.violations)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a simulated life went."""

    seed: int
    hot: bool
    mutant: str | None
    ops: int  # operations done: requests, news, and the passing of time; a step may be several or none
    steps: int
    violations: tuple[str, ...]  # each with its step
    counts: dict[str, int]  # of each operation, answer and refusal
    seconds: float


class Simulation:
    """A life, its weather and its auditor; one step at a time."""

    def __init__(self, db: Database, clock: Clock, chance: random.Random, *, hot: bool) -> None:
        self.life = Life(db, clock, chance, hot=hot)
        self.weather = Weather(self.life)
        self.crowd = Crowd(self.life, self.weather)
        self.office = Office(self.life)
        policies.put(db, [world.RULES, *world.customers(), *prices(hot)], actor=ACTOR, id="sim-policy")
        self.weather.begin(hot)
        self.office.begin()
        _index(db)
        self.auditor = Auditor(db, lambda: clock.now)
        self.locks = Locks()
        self._days = self.weather.days()
        actors: tuple[object, ...] = (
            self.life,
            self.weather,
            self.crowd,
            self.office,
            Workday(self.life, self.weather),
        )
        self._done: dict[str, Callable[[], None]] = {
            name: next(getattr(actor, name) for actor in actors if hasattr(actor, name))
            for name in WEIGHTS
            if name != "repeat_news"
        }
        self._done["repeat_news"] = self.weather.repeat
        self.number = 0

    def step(self, name: str, *, audit: bool | None = None) -> Step:
        """Do one thing; have it judged, and everything in force too, now and then or when told to."""
        self.number += 1
        life = self.life
        life.counts[name] += 1
        try:
            with self.locks.watching():
                self._done[name]()
        except AccordError as error:
            life.violations.append(Violation("fault", name, f"{type(error).__name__}: {error.detail}"))
        decided = name not in NEWS
        found = self.auditor.follow(
            decided=decided, is_told=self._days == self.weather.days(), told=self._told()
        )
        try:
            if self.weather.roll(self._days):
                self._days = self.weather.days()
                found += self.auditor.follow(decided=False)
        except AccordError as error:
            life.violations.append(Violation("fault", "midnight", f"{type(error).__name__}: {error.detail}"))
        if audit or (audit is None and self.number % AUDIT_EVERY == 0):
            found += self.auditor.audit()
        found += life.violations + self.locks.told()
        life.violations = []
        return Step(self.number, name, life.ops, tuple(found))

    def _told(self) -> Told:
        life, office = self.life, self.office
        told = Told(
            promises=set(life.acknowledged),
            approvals=set(office.settled),
            sold=set(office.sold),
            limit=("week", SAM),
            persons={SAM_IN_CHARGE: SAM},
        )
        life.acknowledged.clear()
        office.settled.clear()
        office.sold.clear()
        return told


def simulate(
    db: Database,
    ops: int,
    seed: int,
    *,
    hot: bool = True,
    on_step: Callable[[Step], None] | None = None,
    mutant: str | None = None,
    violations_max: int = VIOLATIONS_MAX,
    faults_end: bool = True,
    start: Instant = START,
    weights: Mapping[str, int] | None = None,
) -> Report:
    """Live `ops` random operations on an empty, migrated database; `mutant` names a guard that is broken on purpose, `weights` what
    happens more often than usual. Without `faults_end` the life goes on over what a guard of the product stopped, until the
    auditor has found so many `violations_max` elsewhere."""
    started = time.monotonic()
    chance, clock = random.Random(seed), Clock(start)
    often = WEIGHTS | dict(weights or {})
    names, shares = list(often), list(often.values())
    found: list[str] = []
    against_max = 0
    with ExitStack() as stack:
        stack.enter_context(simulated(clock, seed))
        if mutant is not None:
            stack.enter_context(active(mutant))
        simulation = Simulation(db, clock, chance, hot=hot)
        stack.enter_context(BETWEEN.comes(simulation.crowd.somebody))
        while (left := ops - simulation.life.ops) > 0:
            # The last few are of one operation each, so that it is exactly as many as were asked for.
            name = chance.choices(names, shares)[0] if left > STEP_OPS_MAX else "commit"
            step = simulation.step(name)
            found += _told(seed, step)
            if faults_end or not step.is_fault:
                against_max += len(step.violations)
            if on_step is not None:
                on_step(step)
            if against_max >= violations_max:
                break
        last = simulation.auditor.audit(whole=True)
        found += _told(seed, Step(simulation.number, "the end", simulation.life.ops, tuple(last)))
    return Report(
        seed=seed,
        hot=hot,
        mutant=mutant,
        ops=simulation.life.ops,
        steps=simulation.number,
        violations=tuple(found),
        counts=dict(sorted(simulation.life.counts.items())),
        seconds=time.monotonic() - started,
    )


def _index(db: Database) -> None:
    """Let the auditor find what a version brought or ended without a scan; the product has no use for that."""
    with db.write() as tx:
        for table in ("supply", "draw", "commitment"):
            for column in ("version_from", "version_to"):
                tx.execute(
                    f"CREATE INDEX IF NOT EXISTS sim_{table}_{column} ON ledger_{table} (key, {column})"
                )


def _told(seed: int, step: Step) -> list[str]:
    return [
        f"seed {seed}, step {step.number} ({step.name}): {rule}: {subject}: {detail}"
        for rule, subject, detail in step.violations
    ]
