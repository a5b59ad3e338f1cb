"""Races at every isolation level: is what keeps two apart the lock, and not a promise of the database's?

Four callers, each on a database of its own as a process would have it, meet between reading and writing, as far as the locks
let them. PostgreSQL is set to each of its isolation levels in turn; then a file.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from unittest import mock

import msgspec

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.exceptions.model import Counted, MasterStated, News
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, local_day
from accord.kit.errors import AccordError, Unavailable
from accord.ledger.model import Input, Item, Operation, Site, node_key
from accord.ledger.service.books import Book
from accord.promise.model import Decision, Line, Request, Verb
from accord.promise.service import promise, verify
from prove.grounds import fresh, opened, showing
from prove.model import Outcome, Piece, Say, Sizes
from prove.unguarded import nothing_locked

CALLERS = 4
STOCK = 20
LEVELS = (
    "READ COMMITTED",
    "REPEATABLE READ",
    "SERIALIZABLE",
    "",
)  # "": a file, which has one writer at a time
PATIENCE = 0.03  # seconds; somebody who holds a lock waits so long in vain
KINDS = ("all", "share", "crosswise", "hold", "cancel", "news", "made", "bill")
TRIES_MAX = 20  # of a caller who is told to try again
Act = Callable[[Database], Any]


class _Race(msgspec.Struct, frozen=True):
    """Who does what at once, and how many of them must get it; the items have STOCK each."""

    name: str
    acts: list[Act]
    promised: tuple[int, ...]  # how many of the acts may have been promised something; () = it depends
    drawn_max: int = STOCK


class _Ground:
    """One database, and what is raced for on it."""

    def __init__(self, db: Database, url: str, level: str, chance: random.Random, races: int) -> None:
        self.db = db
        self.url = url
        self.level = level
        self.chance = chance
        with db.read() as tx:
            self.now = tx.now()
        self.on: Day = local_day(self.now, "UTC") + 2
        news: list[News] = [MasterStated(record=Site(id="Halden", name="Halden"))]
        for number in range(races):
            for item in _items(number):
                news.append(MasterStated(record=Item(id=item, name=item)))
                news.append(Counted(item=item, site="Halden", quantity=STOCK, as_of=self.now))
        supply_changed(db, news, actor="erp", id="company")

    def race(self, number: int) -> _Race:
        a, b, c = _items(number)
        kind = self.chance.choice(KINDS)
        if kind == "all":
            return _Race(kind, [self._commit(number, n, a, STOCK) for n in range(CALLERS)], (1,))
        if kind == "share":
            share = STOCK // CALLERS
            return _Race(kind, [self._commit(number, n, a, share) for n in range(CALLERS)], (CALLERS,))
        if kind == "crosswise":
            lines = [self.chance.sample([a, b, c], 3) for _ in range(CALLERS)]
            return _Race(
                kind, [self._order(number, n, lines[n], STOCK * 4 // 10) for n in range(CALLERS)], (2,)
            )
        if kind in ("made", "bill"):
            products = self._products(number, c)
            acts = [self._commit(number, n, product, STOCK // 2) for n, product in enumerate(products)]
            if kind == "made":
                return _Race(kind, acts, (2,))
            doubled = _operation(products[1], c, 2)
            return _Race(kind, [self._tell(number, MasterStated(record=doubled)), *acts[1:]], (1, 2))
        first = Verb.hold if kind == "hold" else Verb.commit
        before = self._commit(number, 99, a, STOCK // 2 if kind == "news" else STOCK, first)(self.db)
        assert isinstance(before, Decision)
        assert before.promise is not None
        if kind == "news":
            count = Counted(item=a, site="Halden", quantity=STOCK // 4, as_of=self.now + 1, sequence=1)
            acts = [self._commit(number, n, a, STOCK // 4) for n in range(CALLERS - 1)]
            return _Race(kind, [self._tell(number, count), *acts], ())
        ends = [(Verb.cancel,), (Verb.commit, Verb.release)][kind == "hold"]
        acts = [self._end(number, n, verb, before.promise) for n, verb in enumerate(ends)]
        acts += [self._commit(number, n, a, STOCK) for n in range(len(ends), CALLERS)]
        return _Race(kind, acts, ())

    def wrong(self, number: int, race: _Race, answers: list[Any]) -> list[str]:
        """What is wrong with the outcome of a race."""
        found = [f"{one!r}" for one in answers if isinstance(one, Exception)]
        promised = sum(isinstance(one, Decision) and one.promise is not None for one in answers)
        if race.promised and promised not in race.promised:
            found.append(f"{promised} were promised something")
        with self.db.read() as tx:
            # All draws in force on the race's items.
            drawn = tx.rows_in(
                "SELECT key, sum(quantity) FROM ledger_draw WHERE key IN (:keys) AND version_to IS NULL GROUP BY key",
                [node_key(item, "Halden") for item in _items(number)],
            )
        found += [f"{key}: {quantity} drawn" for key, quantity in drawn if quantity > race.drawn_max]
        return [f"{self.level or 'file'}, race {number} ({race.name}): {one}" for one in found]

    def _products(self, number: int, component: str) -> list[str]:
        """As many products as there are callers, each made of one of the component."""
        names = [f"p{number}-{n}" for n in range(CALLERS)]
        news: list[News] = [MasterStated(record=Item(id=name, name=name)) for name in names]
        news += [MasterStated(record=_operation(name, component, 1)) for name in names]
        supply_changed(self.db, news, actor="erp", id=f"products-{number}")
        return names

    def _commit(self, number: int, caller: int, item: str, quantity: int, verb: Verb = Verb.commit) -> Act:
        return self._order(number, caller, [item], quantity, verb)

    def _order(self, number: int, caller: int, items: list[str], quantity: int, verb: Verb = Verb.commit) -> Act:  # fmt: skip
        lines = tuple(Line(item=item, quantity=quantity, requested_on=self.on) for item in items)
        return _asking(Request(id=f"r{number}-{caller}", verb=verb, lines=lines, ship_complete=True))

    def _end(self, number: int, caller: int, verb: Verb, id: str) -> Act:
        return _asking(Request(id=f"r{number}-{caller}", verb=verb, promise=id))

    def _tell(self, number: int, news: News) -> Act:
        return lambda db: supply_changed(db, [news], actor="erp", id=f"n{number}")


def _operation(product: str, component: str, quantity: int) -> Operation:
    inputs = (Input(item=component, quantity=quantity),)
    return Operation(id=f"make-{product}", item=product, site="Halden", inputs=inputs)


def _items(number: int) -> tuple[str, str, str]:
    return (f"a{number}", f"b{number}", f"c{number}")


def _asking(request: Request) -> Act:
    def ask(db: Database) -> Decision:
        (answer,) = promise(db, [request], actor="shop")
        if isinstance(answer, AccordError):
            raise answer
        return answer

    return ask


# --- racing ---


class _Meeting:
    """Everybody meets before the first write of the ledger, or waits a moment for it."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(CALLERS)
        self._local = threading.local()

    def begin(self) -> None:
        self.barrier.reset()

    def enter(self) -> None:
        self._local.is_new = True

    def meet(self, patience: float) -> None:
        if getattr(self._local, "is_new", False):
            self._local.is_new = False
            with suppress(threading.BrokenBarrierError):
                self.barrier.wait(patience)


@contextmanager
def _meeting(patience: float) -> Iterator[_Meeting]:
    meeting, write = _Meeting(), Book.write

    def met(book: Book, tx: Tx) -> None:
        if book.dirty:
            meeting.meet(patience)
        write(book, tx)

    with mock.patch.object(Book, "write", met):
        yield meeting


def _raced(level: str, races: int, chance: random.Random, patience: float, facts: Counter[str]) -> list[str]:
    """What went wrong in so many races on one database."""
    with ExitStack() as stack:
        url = stack.enter_context(fresh("postgresql" if level else "sqlite"))
        db = stack.enter_context(opened(url))
        ground = _Ground(db, url, level, chance, races)
        callers = [stack.enter_context(opened(url)) for _ in range(CALLERS)]
        for caller in callers if level else []:
            caller._writer = caller._writer.execution_options(isolation_level=level)
        found: list[str] = []
        for number in range(races):
            race = ground.race(number)
            answers = _at_once(race, callers, patience, facts, f"{level or 'file'}")
            found += ground.wrong(number, race, answers)
        found += [f"{level or 'file'}: {one.key}: {one.what}: {one.detail}" for one in verify(db).findings]
    facts[f"races, {level.lower() or 'file'}"] += races
    return found


def _at_once(
    race: _Race, callers: list[Database], patience: float, facts: Counter[str], level: str
) -> list[Any]:
    answers: list[Any] = [None] * len(race.acts)
    with _meeting(patience) as meeting:
        meeting.begin()

        def act(place: int) -> None:
            meeting.enter()
            for _ in range(TRIES_MAX):
                try:
                    answers[place] = race.acts[place](callers[place])
                    return
                except Unavailable as later:
                    facts[f"told to try again, {level.lower()}"] += 1
                    answers[place] = later
                except Exception as error:  # noqa: BLE001 - whatever it is, it is judged
                    answers[place] = error
                    return

        threads = [threading.Thread(target=act, args=(place,)) for place in range(len(race.acts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return answers


def _run(count: int, seed: int, say: Say) -> Outcome:
    facts: Counter[str] = Counter()
    found: list[str] = []
    for place, level in enumerate(LEVELS):
        races = count // len(LEVELS) + (place < count % len(LEVELS))
        found += _raced(level, races, random.Random(f"{seed} {level}"), PATIENCE, facts)
        say(f"  {level.lower() or 'file'}: {races} races, {len(found)} failures")
    return Outcome(count=count, failures=tuple(f"seed {seed}, {one}" for one in found), facts=dict(facts))


def _without_lock(seed: int, say: Say) -> Outcome:
    """At the level that Accord uses: the others refuse the second writer by themselves."""
    facts: Counter[str] = Counter()
    with nothing_locked():
        found = _raced(LEVELS[0], 6, random.Random(seed), 1.0, facts)
    return showing(Outcome(count=6, failures=tuple(found)), "drawn", "were promised")


PIECES = (
    Piece(
        id="R10-isolation",
        claim="Nothing is promised twice, and nobody is refused what is there, at any isolation level of PostgreSQL and on a file.",
        fault="Four callers at once want all of an item, each a share of it, the same three items in different orders, what somebody holds or gives up, what is just counted anew, or products of one component whose bill is just changed; they meet between reading and writing.",
        unit="races",
        sizes=Sizes(test=16, prove=2_000, release=20_000),
        chunk=400,
        run=_run,
        control=_without_lock,
        control_words="The rows that are read are not locked (at read committed, the level in use; at the others PostgreSQL refuses the second writer).",
        is_slow=True,
    ),
)
