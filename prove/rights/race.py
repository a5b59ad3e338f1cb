"""Two at once at one limit, from two processes' sides of one PostgreSQL: neither node nor anything else is shared but the limit.

The interleaving is forced: each waits, before it writes, for the other to have decided, too. With the limit's key locked the
other cannot have; it comes next and sees what was taken.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import msgspec

from accord.db.engine import Database
from accord.exceptions import model as news
from accord.exceptions.service import supply_changed
from accord.kit.days import Day
from accord.ledger.decide.trial import Trial
from accord.ledger.model import Item, Site
from accord.ledger.service import reads
from accord.policy import decide as policy_decide
from accord.policy import service as policy
from accord.policy import words
from accord.policy.model import Customer
from accord.promise import service
from accord.promise.model import Decision, Line, Request, Verb
from accord.promise.service import batch
from prove.grounds import fresh, opened
from prove.model import Outcome, Say

MOST = 70
_WAIT_SECONDS = 0.04  # so long one waits for the other, who may be waiting for him
_PLACES = (("A", "Halden"), ("B", "Lyon"))
_RIGHTS = f"""
[[right]]
id = "seller"
role = "seller"
quantity_max = 60
then = "allow"
[[right]]
id = "more"
role = "seller"
then = "ask manager"
[[right]]
id = "manager"
role = "manager"
then = "allow"
[[limit]]
id = "day"
of = "quantity"
over = "customer"
period = "year"
most = {MOST}
then = "deny"
[[actor]]
id = "sam"
role = "seller"
[[actor]]
id = "sue"
role = "seller"
[[actor]]
id = "mia"
role = "manager"
[[actor]]
id = "max"
role = "manager"
"""


def run(count: int, seed: int, say: Say) -> Outcome:
    """So many rounds, each with a customer of its own."""
    chance = random.Random(seed)
    failures: list[str] = []
    facts: Counter[str] = Counter()
    with fresh("postgresql") as url, opened(url) as one, opened(url) as other:
        game = _Game((one, other), _company(one, count), facts)
        with ThreadPoolExecutor(2) as pool, _forced(game.barrier):
            for number in range(count):
                kind = chance.choice(("commits", "holds", "amend", "approve twice", "harden"))
                failures += [
                    f"seed {seed}, round {number}, {kind}: {words}"
                    for words in game.play(pool, number, kind, chance)
                ]
                if number % 500 == 499:
                    say(f"S3-rights-race: {number + 1:,} rounds, {len(failures)} failures")
                if len(failures) >= 20:
                    return Outcome(count=number + 1, failures=tuple(failures), facts=dict(facts))
    return Outcome(count=count, failures=tuple(failures), facts=dict(facts))


def unlocked(seed: int, say: Say) -> Outcome:
    """The limit is no key that is locked: what was promised before is added up when somebody decides."""
    with _added_up():
        return run(60, seed, say)


class _Game:
    def __init__(self, dbs: tuple[Database, Database], today: Day, facts: Counter[str]) -> None:
        self.dbs, self.today, self.facts = dbs, today, facts
        self.barrier = _Meeting()

    def play(self, pool: ThreadPoolExecutor, number: int, kind: str, chance: random.Random) -> Iterator[str]:
        """Prepare, let two decide at once, and look at the rows."""
        customer, first = f"C{number}", chance.randrange(36, 60)
        second = MOST - first + chance.randrange(1, 20)
        wishes = [self._new(number, n, customer, Verb.commit, q) for n, q in enumerate((first, second))]
        actors = ["sam", chance.choice(("sam", "sue", "mia"))]
        if kind == "holds":
            wishes = [msgspec.structs.replace(wish, verb=Verb.hold) for wish in wishes]
        elif kind == "amend":
            small = self._alone(self._new(number, 2, customer, Verb.commit, 5, place=1))
            more = self._new(number, 3, customer, Verb.amend, second + 4, place=1)
            wishes[1] = msgspec.structs.replace(more, promise=small.promise, customer=None)
        elif kind == "approve twice":
            asked = self._alone(
                msgspec.structs.replace(self._new(number, 2, customer, Verb.commit, 61), asks_approval=True)
            )
            wishes = [
                Request(id=f"{number}-approve-{n}", verb=Verb.approve, approval=asked.approval)
                for n in (0, 1)
            ]
            actors = ["mia", "max"]
        elif kind == "harden":
            held = self._alone(
                msgspec.structs.replace(self._new(number, 2, customer, Verb.hold, 10), hold_seconds=3_600)
            )
            wishes[0] = Request(id=f"{number}-harden", verb=Verb.commit, promise=held.promise)
            wishes[1] = self._new(
                number, 3, customer, Verb.commit, MOST - 10, place=1
            )  # both fit, to the last one
        self.barrier.begin()
        answers = self._both(pool, wishes, actors)
        self.barrier.end()
        self.facts["rounds with both between reading and writing"] += self.barrier.met
        yield from self._judge(number, customer, kind, answers)

    def _both(self, pool: ThreadPoolExecutor, wishes: list[Request], actors: list[str]) -> list[Decision]:
        tasks = [
            pool.submit(service.promise_one, db, wish, actor=actor)
            for db, wish, actor in zip(self.dbs, wishes, actors, strict=True)
        ]
        return [task.result(timeout=60) for task in tasks]

    def _alone(self, wish: Request) -> Decision:
        return service.promise_one(self.dbs[0], wish, actor="sam")

    def _new(
        self, number: int, n: int, customer: str, verb: Verb, quantity: int, *, place: int | None = None
    ) -> Request:
        item, site = _PLACES[n % 2 if place is None else place]
        line = Line(item=item, site=site, quantity=quantity, requested_on=self.today + 30)
        return Request(id=f"{number}-{n}", verb=verb, customer=customer, lines=(line,))

    def _judge(self, number: int, customer: str, kind: str, answers: list[Decision]) -> Iterator[str]:
        with self.dbs[0].read() as tx:
            rows = tx.rows(
                "SELECT body FROM promise WHERE customer = :customer AND in_force AND state IN ('held', 'committed')",
                customer=customer,
            )
        lines: list[dict[str, Any]] = [
            line for (body,) in rows for line in msgspec.msgpack.decode(bytes(body))["lines"]
        ]
        whole = sum(line["quantity"] for line in lines)
        won = sum(not answer.refusals for answer in answers)
        self.facts[f"{kind}: {won} of 2 done"] += 1
        if whole > MOST:
            yield f"{customer} was promised {whole} of {MOST}"
        if won == 0:
            yield "neither was done, although each could have been alone"
        if kind == "approve twice" and (won != 1 or len(rows) != 1):
            yield f"{won} approvals were given, and {len(rows)} promises stand"


class _Meeting:
    """Where two meet before they write, if both come; each waits once a round."""

    def __init__(self) -> None:
        self._barrier: threading.Barrier | None = None
        self._seen: set[int] = set()
        self.met = 0

    def begin(self) -> None:
        self._barrier, self._seen, self.met = threading.Barrier(2), set(), 0

    def end(self) -> None:
        self._barrier = None

    def wait(self) -> None:
        me = threading.get_ident()
        if self._barrier is None or me in self._seen:
            return
        self._seen.add(me)
        try:
            self._barrier.wait(_WAIT_SECONDS)
            self.met = 1
        except threading.BrokenBarrierError:
            pass


@contextmanager
def _forced(meeting: _Meeting) -> Iterator[None]:
    real = batch._Batch.decide

    def decide(self: Any, *given: Any) -> Decision:
        found = real(self, *given)
        meeting.wait()
        return found

    with mock.patch.object(batch._Batch, "decide", decide):
        yield


@contextmanager
def _added_up() -> Iterator[None]:
    """Instead of a key: what the promises in force come to, as they are seen from here."""
    seen = threading.local()
    real_judge, real_free, real_batch = policy_decide.judge_in, Trial.free, batch._batch

    def added(tx: Any, *given: Any, **named: Any) -> Any:
        seen.tx = tx
        return real_batch(tx, *given, **named)

    def free(self: Trial, key: str, on: Day) -> int:
        if not key.startswith("limit:"):
            return real_free(self, key, on)
        customer = key.split(":")[2].removeprefix("customer=")
        rows = seen.tx.rows(
            "SELECT body FROM promise WHERE customer = :customer AND in_force AND state IN ('held', 'committed')",
            customer=customer,
        )
        lines = [line for (body,) in rows for line in msgspec.msgpack.decode(bytes(body))["lines"]]
        return MOST - sum(line["quantity"] for line in lines)

    def judge_in(*given: Any, **named: Any) -> Any:
        return real_judge(*given, **named)[0], ()

    with ExitStack() as stack:
        for owner, name, value in (
            (batch, "_batch", added),
            (batch, "limits_of", lambda *_: frozenset()),
            (Trial, "free", free),
            (policy_decide, "judge_in", judge_in),
        ):
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


def _company(db: Database, customers: int) -> Day:
    masters = [
        *(Item(id=item, name=item) for item, _ in _PLACES),
        *(Site(id=site, name=site) for _, site in _PLACES),
    ]
    told: list[news.News] = [news.MasterStated(record=record) for record in masters]
    told += [news.Counted(item=item, site=site, quantity=10**9, as_of=1) for item, site in _PLACES]
    supply_changed(db, told, actor="erp", id="told")
    policy.put(db, [Customer(id=f"C{n}", name=f"C{n}") for n in range(customers)], actor="crm", id="terms")
    policy.state(db, words.read(_RIGHTS, currency="EUR"), id="rights", actor="boss")
    with db.read() as tx:
        return reads.node(tx, *_PLACES[0]).today
