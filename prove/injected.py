"""Injected conflicts: the database refuses transactions at random, as it does to whoever loses against another one."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from accord.db import engine, requests
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.exceptions.model import Counted, MasterStated, News
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, iso, local_day
from accord.kit.errors import Unavailable
from accord.ledger.model import Item, Site
from accord.promise.model import Decision, Line, Request, Verb
from accord.promise.service import batch, desk, verify
from accord.web.server.app import on
from prove.grounds import fresh, opened, showing
from prove.model import Outcome, Piece, Say, Sizes

CALLERS = 16
TRIES = 5  # of a transaction, before a caller is told to come back
_ITEMS, _STOCK = 12, 150
_AT_COMMIT, _AT_LOCK = 0.2, 0.13  # so that some 30 of 100 transactions are lost


class _Conflicts:
    """Loses transactions by chance, at their commit or where they lock, and counts how often the same work is tried."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"conflicts {seed}")
        self._lock = threading.Lock()
        self.share = 1.0  # of the usual chance
        self.always = False
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    def maybe(self, chance: float, where: str) -> None:
        from psycopg import errors

        with self._lock:
            if not self.always and self._chance.random() >= chance * self.share:
                return
            kind = self._chance.choice(
                (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)
            )
            self.counts[f"lost {where}"] += 1
            self.counts[f"lost with {kind.sqlstate}"] += 1
        raise kind("injected")

    def retrying(self, db: Database, work: Callable[[Tx], Any]) -> Any:
        """As engine.retrying, and counts."""
        tries, began = 0, time.monotonic()

        def counted(tx: Tx) -> Any:
            nonlocal tries
            tries += 1
            return work(tx)

        try:
            return engine.retrying(db, counted)
        except Unavailable as gave_up:
            if tries != TRIES and time.monotonic() - began < engine.TRYING_SECONDS_MAX:
                self.failures.append(f"a caller was sent away after {tries} tries, not {TRIES}")
            if gave_up.retry_after_seconds < 1:
                self.failures.append("a caller was sent away and not told when to come back")
            raise
        finally:
            with self._lock:
                self.counts["transactions"] += tries
                if tries > TRIES:
                    self.failures.append(f"a transaction was tried {tries} times")


@contextmanager
def _injected(conflicts: _Conflicts) -> Iterator[None]:
    commit, execute = Database._commit, Tx._execute

    def commits(db: Database, connection: Any) -> None:
        if db.dialect == "postgresql" and not connection.get_execution_options().get("postgresql_readonly"):
            conflicts.maybe(_AT_COMMIT, "at commit")
        commit(db, connection)

    def executes(tx: Tx, sql: str, params: Mapping[str, Any]) -> None:
        if "FOR UPDATE" in sql or "FOR NO KEY UPDATE" in sql:
            try:
                conflicts.maybe(_AT_LOCK, "where they lock")
            except Exception as error:
                raise tx._meant(error) from error
        execute(tx, sql, params)

    with (
        mock.patch.object(Database, "_commit", commits),
        mock.patch.object(Tx, "_execute", executes),
        mock.patch.object(batch, "retrying", conflicts.retrying),
    ):
        yield


def _run(count: int, seed: int, say: Say) -> Outcome:
    conflicts = _Conflicts(seed)
    with ExitStack() as stack:
        db = stack.enter_context(opened(stack.enter_context(fresh("postgresql"))))
        today = _company(db)
        with _injected(conflicts):
            answers = _asked(db, today, count, seed, conflicts)
            conflicts.failures += _over_http(db, today, conflicts)
        failures = conflicts.failures + _wrong(db, answers)
        desk(db).close()
    say(f"  {count} commits, {dict(conflicts.counts)}")
    return Outcome(
        count=count,
        failures=tuple(f"seed {seed}: {one}" for one in failures),
        facts=dict(conflicts.counts),
    )


def _company(db: Database) -> Day:
    with db.read() as tx:
        now = tx.now()
    news: list[News] = [MasterStated(record=Site(id="Halden", name="Halden"))]
    for n in range(_ITEMS):
        news.append(MasterStated(record=Item(id=f"pump-{n}", name=f"Pump {n}")))
        news.append(Counted(item=f"pump-{n}", site="Halden", quantity=_STOCK, as_of=now))
    supply_changed(db, news, actor="erp", id="company")
    return local_day(now, "UTC")


def _asked(db: Database, today: Day, count: int, seed: int, conflicts: _Conflicts) -> dict[str, Decision]:
    """The answer to each commit; whoever is told to come back does so with the same id."""
    answers: dict[str, Decision] = {}

    def ask(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        lines = tuple(
            Line(item=item, quantity=chance.randint(1, 9), requested_on=today + chance.randint(1, 9))
            for item in chance.sample([f"pump-{n}" for n in range(_ITEMS)], chance.choice((1, 1, 2, 3)))
        )
        request = Request(id=f"k-{number}", verb=Verb.commit, lines=lines)
        for _ in range(50):
            if chance.random() < 0.3:  # the desk shares transactions, so there would be few
                (answer,) = desk(db).submit([request], "shop").result()
            else:
                (answer,) = batch.promise(db, [request], actor="shop")
            if isinstance(answer, Decision):
                answers[request.id] = answer
                return
            if not isinstance(answer, Unavailable):
                break
            conflicts.counts["told to come back"] += 1
        conflicts.failures.append(f"{request.id} was answered with {answer!r}")

    with ThreadPoolExecutor(CALLERS) as callers:
        for done in callers.map(ask, range(count)):
            assert done is None
    return answers


def _over_http(db: Database, today: Day, conflicts: _Conflicts) -> list[str]:
    """While nothing can be committed a caller gets 503 and a time; afterwards the same key gets its promise."""
    from litestar.testing import TestClient

    line = {"item": "pump-extra", "quantity": "1", "requested_on": iso(today + 1)}
    conflicts.share = 0.0
    stated: list[News] = [
        MasterStated(record=Item(id="pump-extra", name="Extra")),
        Counted(item="pump-extra", site="Halden", quantity=1, as_of=1),
    ]
    supply_changed(db, stated, actor="erp", id="extra")
    with TestClient(on(db, is_open=True, rate=0), base_url="http://accord.localhost") as client:

        def post() -> Any:
            return client.post("/v1/promises", json={"lines": [line]}, headers={"Idempotency-Key": "k-extra"})

        conflicts.always = True
        lost = post()
        conflicts.always = False
        kept = post()
    found = []
    if lost.status_code != 503 or int(lost.headers.get("retry-after", 0)) < 1:
        found.append(f"without any commit a caller got {lost.status_code} {dict(lost.headers)}")
    if kept.status_code != 201 or "idempotent-replayed" in kept.headers:
        found.append(f"afterwards the same key got {kept.status_code} {kept.text[:200]}")
    return found


def _wrong(db: Database, answers: dict[str, Decision]) -> list[str]:
    """What the ledger says against what callers were told."""
    with db.read() as tx:
        # Requests by how often they were decided; promises in force; what is drawn, by node.
        decided = dict(tx.rows("SELECT request_id, count(*) FROM decision GROUP BY request_id"))
        promises = {id for (id,) in tx.rows("SELECT id FROM promise WHERE in_force")}
        drawn = dict(
            tx.rows("SELECT key, sum(quantity) FROM ledger_draw WHERE version_to IS NULL GROUP BY key")
        )
    found = [f"{id} was decided {times} times" for id, times in decided.items() if times != 1]
    told = {one.promise for one in answers.values() if one.promise is not None}
    extra = {one for one in promises if one not in told}
    if len(extra) > 1 or told - promises:  # one was made over HTTP
        found.append(f"{len(told - promises)} promises are lost, {len(extra) - 1} nobody was told of")
    found += [f"{key}: {quantity} drawn of {_STOCK}" for key, quantity in drawn.items() if quantity > _STOCK]
    wanted: Counter[str] = Counter()
    for one in answers.values():
        if one.promise is not None:
            for line in one.request.lines:
                wanted[f"node:{line.item}@Halden"] += line.quantity
    found += [
        f"{key}: {quantity} promised, {drawn.get(key, 0)} drawn"
        for key, quantity in sorted(wanted.items())
        if drawn.get(key, 0) != quantity
    ]
    return found + [f"{one.key}: {one.what}: {one.detail}" for one in verify(db).findings]


# --- the controls ---


@contextmanager
def _claimed_in_another() -> Iterator[None]:
    """The id is claimed in a transaction of its own, which stays when the other is lost."""
    claim = requests.claim

    def apart(tx: Tx, claims: Sequence[requests.Claim]) -> Any:
        with tx.database.write() as own:
            return claim(own, claims)

    with mock.patch.object(requests, "claim", apart):
        yield


def _unguarded(seed: int, say: Say) -> Outcome:
    """Both guards, one after the other; each must be missed."""
    with mock.patch.object(engine, "TRIES_MAX", 1):
        once = showing(_run(20, seed, say), "after 1 tries")
    with _claimed_in_another():
        outside = showing(_run(20, seed, say), "was answered with")
    is_missed = bool(once.failures) and bool(outside.failures)
    return Outcome(count=40, failures=once.failures + outside.failures if is_missed else ())


PIECES = (
    Piece(
        id="R11-conflicts",
        claim="Where the database loses three transactions of ten, every request is done once; after five tries the caller is told when to come back, with 503 and Retry-After.",
        fault="Serialization failures (40001), deadlocks (40P01) and lock timeouts (55P03) are injected at commits and where rows are locked.",
        unit="commits",
        sizes=Sizes(test=60, prove=5_000, release=100_000),
        chunk=1_000,
        run=_run,
        control=_unguarded,
        control_words="Once a lost transaction is not tried again, once the request's id is claimed in a transaction of its own.",
    ),
)
