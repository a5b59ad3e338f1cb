"""Whose turn a job is: one process at a time, again when it is due, and somebody else's when its holder died."""

from __future__ import annotations

import threading

import pytest
from tests.waiting import until_somebody_waits

from accord.db import leases
from accord.db import tx as tx_module
from accord.db.engine import Database
from accord.db.leases import Lease, State, finish, states, take, this_process

_SECOND = 1_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A clock that stands still until a test moves it."""
    time = [1_000 * _SECOND]
    monkeypatch.setattr(tx_module.Tx, "now", lambda _: time[0])
    return time


def taken(db: Database, holder: str = "one", *, even_early: bool = False) -> Lease | None:
    return take(db, "sweep", holder, seconds=60, every_seconds=600, even_early=even_early)


def test_one_has_it_and_the_other_has_not(db: Database, clock: list[int]) -> None:
    assert taken(db, "one") == Lease(name="sweep", holder="one")
    assert taken(db, "two") is None
    assert taken(db, "two", even_early=True) is None


def test_it_is_due_again_after_its_time(db: Database, clock: list[int]) -> None:
    lease = taken(db)
    assert lease is not None
    finish(db, lease, every_seconds=600, done=7)
    assert states(db) == {
        "sweep": State(
            name="sweep",
            due_at=clock[0] + 600 * _SECOND,
            leased_until=0,
            holder="one",
            done_at=clock[0],
            done=7,
            failures=0,
            error=None,
        )
    }

    clock[0] += 600 * _SECOND - 1
    assert taken(db, "two") is None
    clock[0] += 1
    assert taken(db, "two") is not None


def test_who_asks_for_it_by_hand_need_not_wait_until_it_is_due(db: Database, clock: list[int]) -> None:
    lease = taken(db)
    assert lease is not None
    finish(db, lease, every_seconds=600)

    assert taken(db, "two", even_early=True) is not None


def test_the_lease_of_one_who_died_ends(db: Database, clock: list[int]) -> None:
    dead = taken(db, "dead")
    assert dead is not None

    clock[0] += 60 * _SECOND - 1
    assert taken(db, "two") is None
    clock[0] += 1
    assert taken(db, "two") == Lease(name="sweep", holder="two")

    finish(db, dead, every_seconds=600, done=9)  # it was only slow: the other's lease stays
    assert states(db)["sweep"].holder == "two"
    assert states(db)["sweep"].leased_until == clock[0] + 60 * _SECOND


def test_what_fails_is_tried_less_and_less_often(db: Database, clock: list[int]) -> None:
    waits = []
    for _ in range(12):
        lease = take(db, "publish", "one", seconds=60, every_seconds=1)
        assert lease is not None
        finish(db, lease, every_seconds=1, error="no disk")
        waits.append((states(db)["publish"].due_at - clock[0]) // _SECOND)
        clock[0] = states(db)["publish"].due_at

    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    state = states(db)["publish"]
    assert (state.failures, state.error, state.done_at) == (12, "no disk", None)
    lease = take(db, "publish", "one", seconds=60, every_seconds=1)
    assert lease is not None
    finish(db, lease, every_seconds=1, done=3)
    assert (states(db)["publish"].failures, states(db)["publish"].error) == (0, None)


def test_a_clock_that_was_days_ahead_stops_nothing_for_days(db: Database, clock: list[int]) -> None:
    clock[0] += 86_400 * _SECOND
    lease = taken(db, "one")
    assert lease is not None
    clock[0] -= 86_400 * _SECOND
    assert taken(db, "two") is not None

    clock[0] += 86_400 * _SECOND
    finish(db, Lease(name="sweep", holder="two"), every_seconds=600)
    clock[0] -= 86_400 * _SECOND
    assert taken(db, "one") is not None


@pytest.mark.postgres
def test_of_two_that_come_at_once_one_gets_it(pg_db: Database) -> None:
    """Forced: the second one reads that it is free before the first one's transaction ends."""
    assert [_second_beside_an_open_first(pg_db), len(states(pg_db))] == [None, 1]


@pytest.mark.postgres
def test_without_looking_again_under_the_lock_both_would_get_it(
    pg_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the second one believes what it read before it waited."""
    rows = tx_module.Tx.rows

    def blind(tx: tx_module.Tx, sql: str, **params: object) -> list[tuple[object, ...]]:
        found = rows(tx, sql, **params)
        return [(0, 0)] if sql.startswith("SELECT due_at") and sql.endswith("FOR UPDATE") else found

    monkeypatch.setattr(tx_module.Tx, "rows", blind)

    assert _second_beside_an_open_first(pg_db) is not None


def _second_beside_an_open_first(db: Database) -> Lease | None:
    lease = taken(db, "zero")
    assert lease is not None
    finish(db, lease, every_seconds=0)
    answers: list[Lease | None] = []
    with db.write() as tx:
        now = tx.now()
        tx.execute("UPDATE job SET holder = 'one', leased_until = :until", until=now + 60 * _SECOND)
        second = threading.Thread(target=lambda: answers.append(taken(db, "two")))
        second.start()
        until_somebody_waits(db)
    second.join(timeout=30)
    return answers[0]


def test_no_two_processes_have_the_same_name() -> None:
    assert this_process() != this_process()
    assert leases.AGAIN_SECONDS_MAX == 300
