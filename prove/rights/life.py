"""What do people try who want more than the rights give them? Many short lives side by side, each with a customer of its own.

They go on in step, so that the requests of one actor share transactions and thousands fit into a minute; the clock and the
editions of the rights are everybody's.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.promise import service
from accord.promise.model import Decision, Line, Request, Verb
from accord.simulation.clock import Clock, simulated
from prove.model import Outcome, Say
from prove.rights import auditor
from prove.rights.company import (
    A_DAY,
    ASKERS,
    EDITIONS,
    FLOOR_MINOR,
    ITEM,
    ROLE_OF,
    Numbers,
    state,
    tell,
)

SIDE_BY_SIDE = 250
STEPS = 6
_RAM = Path("/dev/shm")
_FAILURES_MAX = 20

# What is tried, and how often.
_WEIGHTS = {
    "commit": 8, "hold": 6, "split": 5, "split_lines": 3, "ask": 8, "amend": 7, "step_up": 4, "ask_amend": 4,
    "harden": 6, "ask_harden": 4, "renew": 2, "release": 2, "cancel": 4, "approve": 16, "approve_own": 6, "decline": 2,
    "edit_and_approve": 5, "another_edits": 3, "repeat": 2,
}  # fmt: skip


class Try(msgspec.Struct):
    """One life: who tries, and what there is by now."""

    number: int
    chance: random.Random
    askers: tuple[str, ...]
    promises: list[str] = []
    approvals: list[str] = []
    editor: str = ""  # who amended it before somebody else asked

    @property
    def customer(self) -> str:
        return f"C{self.number}"


class Wish(msgspec.Struct, frozen=True):
    """A request, and who makes it."""

    by: Try
    actor: str
    request: Request


def run(role: str, count: int, seed: int, say: Say, *, failures_max: int = _FAILURES_MAX) -> Outcome:
    """So many lives of a role, judged at their end; it ends where enough went wrong."""
    failures: list[str] = []
    facts: Counter[str] = Counter()
    done = 0
    while done < count and len(failures) < failures_max:
        size = min(SIDE_BY_SIDE, count - done)
        found = _side_by_side(role, size, f"{role} {seed} {done}", facts)
        failures += [f"{words} (seed {seed}, {role}, from life {done})" for words in found]
        done += size
        if done % 5_000 < size:
            say(f"S3-rights-{role}: {done:,}, {len(failures)} failures")
    return Outcome(count=done, failures=tuple(failures[:_FAILURES_MAX]), facts=dict(facts))


@contextmanager
def _database() -> Iterator[tuple[Database, str]]:
    """A file in memory where there is such a place: what a machine does that fails is tried elsewhere."""
    with tempfile.TemporaryDirectory(prefix="accord-rights-", dir=_RAM if _RAM.is_dir() else None) as folder:
        path = f"{folder}/rights.db"
        db = open_database(f"sqlite:///{path}")
        try:
            upgrade(db)
            yield db, path
        finally:
            db.close()


def _side_by_side(role: str, size: int, seed: str, facts: Counter[str]) -> list[str]:
    chance = random.Random(seed)
    clock = Clock()
    with simulated(clock, chance.getrandbits(32)), _database() as (db, path):
        clock.advance(chance.randrange(30 * A_DAY))
        today = tell(db, size)
        editions: list[tuple[int, Numbers]] = []

        def edit() -> None:
            numbers = chance.choice(EDITIONS)
            state(db, numbers, f"edition {len(editions)}")
            editions.append((clock.now, numbers))

        edit()
        lives = [Try(n, random.Random(f"{seed} {n}"), ASKERS[role]) for n in range(size)]
        made = _Wishes(today)
        for _step in range(STEPS):
            wishes = [wish for life in lives for wish in made.next(life)]
            _submit(db, wishes, chance, facts)
            _pass_time(clock, chance)
            if chance.random() < 0.15:
                edit()
                facts["editions"] += 1
        facts["sequences"] += size
        return list(auditor.audit(path, editions))


def _pass_time(clock: Clock, chance: random.Random) -> None:
    """Seconds mostly; sometimes so long that approvals expire, or another day, week or month begins."""
    kind = chance.random()
    if kind < 0.8:
        clock.advance(chance.randrange(1, 300))
    elif kind < 0.9:
        clock.advance(chance.randrange(3_600, 5 * 3_600))
    elif kind < 0.97:
        clock.to_next_midnight("Europe/Oslo")
    else:
        clock.advance(chance.randrange(1, 9) * A_DAY)


def _submit(db: Database, wishes: list[Wish], chance: random.Random, facts: Counter[str]) -> None:
    """Whose turn comes first is chance; what one does after the other in one life stays in its order."""
    waiting = wishes
    while waiting:
        actor = waiting[chance.randrange(len(waiting))].actor
        blocked: set[int] = set()
        now, later = [], []
        for wish in waiting:
            if wish.actor == actor and wish.by.number not in blocked:
                now.append(wish)
            else:
                blocked.add(wish.by.number)
                later.append(wish)
        waiting = later
        for wish, answer in zip(now, service.promise(db, [w.request for w in now], actor=actor), strict=True):
            facts["requests"] += 1
            if isinstance(answer, Decision):
                _learn(wish, answer, facts)
            else:
                raise answer


def _learn(wish: Wish, answer: Decision, facts: Counter[str]) -> None:
    life = wish.by
    if answer.promise is not None and answer.promise not in life.promises:
        life.promises.append(answer.promise)
    asked = answer.approval
    if asked is not None and wish.request.approval is None:
        life.approvals.append(asked)
        facts["approvals asked"] += 1
    if wish.request.verb is Verb.approve:
        facts["approved" if not answer.refusals else f"not approved: {answer.refusals[0].value}"] += 1
    elif answer.promise is not None and answer.ruling is not None:
        facts["promised"] += 1
    elif answer.refusals:
        facts[f"refused: {answer.refusals[0].value}"] += 1


class _Wishes:
    """What a life tries next."""

    def __init__(self, today: int) -> None:
        self._today = today
        self._count = 0

    def next(self, life: Try) -> list[Wish]:
        names = list(_WEIGHTS)
        (name,) = life.chance.choices(names, list(_WEIGHTS.values()))
        if not life.promises and name not in ("commit", "hold", "split", "split_lines", "ask", "repeat"):
            name = "ask"
        if not life.approvals and name in ("approve", "approve_own", "decline", "edit_and_approve"):
            name = "ask"
        if life.editor and life.approvals:
            editor, life.editor = life.editor, ""
            return [self._settle(life, editor, Verb.approve, life.approvals[-1])]
        found: list[Wish] = getattr(self, f"_{name}")(life)
        return found

    # --- new promises ---

    def _commit(self, life: Try, verb: Verb = Verb.commit, **terms: object) -> list[Wish]:
        return [self._new(life, self._one(life), verb, (self._quantity(life),), **terms)]

    def _hold(self, life: Try) -> list[Wish]:
        seconds = life.chance.choice((60, 3_600, A_DAY, 2 * A_DAY))
        return self._commit(life, Verb.hold, hold_seconds=seconds, asks_approval=life.chance.random() < 0.4)

    def _ask(self, life: Try) -> list[Wish]:
        return self._commit(life, asks_approval=True)

    def _split(self, life: Try) -> list[Wish]:
        """What is too much at once, in parts, by one actor or by several of the same role."""
        parts = [self._quantity(life) for _ in range(life.chance.randrange(2, 5))]
        verbs = [life.chance.choice((Verb.commit, Verb.hold)) for _ in parts]
        return [
            self._new(life, self._one(life), verb, (part,)) for part, verb in zip(parts, verbs, strict=True)
        ]

    def _split_lines(self, life: Try) -> list[Wish]:
        lines = tuple(self._quantity(life) // 2 + 1 for _ in range(life.chance.randrange(2, 4)))
        return [
            self._new(life, self._one(life), Verb.commit, lines, asks_approval=life.chance.random() < 0.5)
        ]

    def _repeat(self, life: Try) -> list[Wish]:
        """The same request again: it is the same promise."""
        (first,) = self._commit(life)
        return [first, first]

    # --- promises that are there ---

    def _amend(self, life: Try, **terms: object) -> list[Wish]:
        return [self._about(life, self._one(life), Verb.amend, (self._quantity(life),), **terms)]

    def _ask_amend(self, life: Try) -> list[Wish]:
        return self._amend(life, asks_approval=True)

    def _step_up(self, life: Try) -> list[Wish]:
        """A little more each time."""
        promise, first = life.chance.choice(life.promises), self._quantity(life) // 2 + 1
        step = life.chance.randrange(1, 15)
        return [
            self._about(life, self._one(life), Verb.amend, (first + step * n,), promise=promise)
            for n in range(life.chance.randrange(2, 4))
        ]

    def _another_edits(self, life: Try) -> list[Wish]:
        """Somebody who may approve amends it first, then whoever made it asks, and the other approves."""
        promise = life.chance.choice(life.promises)
        above = life.editor = self._approver(life)
        return [
            self._about(life, above, Verb.amend, (self._quantity(life),), promise=promise),
            self._about(life, self._one(life), Verb.commit, (), promise=promise, asks_approval=True),
        ]

    def _harden(self, life: Try, **terms: object) -> list[Wish]:
        return [self._about(life, self._one(life), Verb.commit, (), **terms)]

    def _ask_harden(self, life: Try) -> list[Wish]:
        return self._harden(life, asks_approval=True)

    def _renew(self, life: Try) -> list[Wish]:
        return [
            self._about(
                life, self._one(life), Verb.hold, (), hold_seconds=life.chance.choice((3_600, 3 * A_DAY))
            )
        ]

    def _release(self, life: Try) -> list[Wish]:
        return [self._about(life, self._one(life), Verb.release, ())]

    def _cancel(self, life: Try) -> list[Wish]:
        return [self._about(life, self._one(life), Verb.cancel, ())]

    # --- approvals ---

    def _approve(self, life: Try, verb: Verb = Verb.approve) -> list[Wish]:
        """The latest mostly, sometimes an old one; by one who may, sometimes by two at once."""
        approval = life.approvals[-1] if life.chance.random() < 0.8 else life.chance.choice(life.approvals)
        actors = [self._approver(life) for _ in range(life.chance.choice((1, 1, 2)))]
        return [self._settle(life, actor, verb, approval) for actor in actors]

    def _approve_own(self, life: Try) -> list[Wish]:
        """By whoever asked, his other keys, and whoever else there is."""
        actors = [life.chance.choice(list(ROLE_OF)) for _ in range(3)]
        return [self._settle(life, actor, Verb.approve, life.approvals[-1]) for actor in actors]

    def _decline(self, life: Try) -> list[Wish]:
        return self._approve(life, Verb.decline)

    def _edit_and_approve(self, life: Try) -> list[Wish]:
        """What is approved is no longer what was asked for."""
        promise = life.promises[-1]
        edit = self._about(life, self._one(life), Verb.amend, (self._quantity(life),), promise=promise)
        return [edit, *self._approve(life)]

    # --- what they are made of ---

    def _one(self, life: Try) -> str:
        return life.chance.choice(life.askers)

    def _approver(self, life: Try) -> str:
        above = [actor for actor, role in ROLE_OF.items() if role in ("manager", "director")]
        return life.chance.choice(above)

    def _quantity(self, life: Try) -> int:
        """Mostly close to what some right or limit gives."""
        near = life.chance.choice((10, 12, 15, 20, 25, 40, 50, 55, 60, 70, 80, 90, 120, 160))
        return max(1, near + life.chance.choice((-9, -1, 0, 0, 1, 2, 7)))

    def _line(self, life: Try, quantity: int) -> Line:
        price = life.chance.choice((None, None, None, FLOOR_MINOR, FLOOR_MINOR - 1, 1_900))
        ahead = life.chance.choice((9, 9, 12))
        return Line(item=ITEM, quantity=quantity, requested_on=self._today + 40 + ahead, price_minor=price)

    def _new(self, life: Try, actor: str, verb: Verb, quantities: tuple[int, ...], **terms: object) -> Wish:
        lines = tuple(self._line(life, quantity) for quantity in quantities)
        return self._wish(life, actor, verb, customer=life.customer, lines=lines, **terms)

    def _about(self, life: Try, actor: str, verb: Verb, quantities: tuple[int, ...], **terms: object) -> Wish:
        lines = tuple(self._line(life, quantity) for quantity in quantities)
        return self._wish(
            life, actor, verb, lines=lines, **{"promise": life.chance.choice(life.promises), **terms}
        )

    def _settle(self, life: Try, actor: str, verb: Verb, approval: str) -> Wish:
        return self._wish(life, actor, verb, approval=approval)

    def _wish(self, life: Try, actor: str, verb: Verb, **terms: object) -> Wish:
        self._count += 1
        return Wish(life, actor, Request(id=f"r{self._count}", verb=verb, **terms))  # type: ignore[arg-type]
