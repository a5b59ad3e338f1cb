"""What runs by itself runs in one process at a time, and what fails ends nothing."""

from __future__ import annotations

import errno
import io
import sys
import threading
import time
from collections.abc import Callable, Iterator

import httpx2
import pytest
import structlog
from litestar.testing import TestClient
from tests.company import iso_day, tell
from tests.web.conftest import HOST
from tests.web.test_server import server

from accord.db import leases
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.kit.errors import Unavailable
from accord.web.server import jobs, logs
from accord.web.server.app import create_app
from accord.web.server.jobs import JOBS, Job, Ran, Runner, run_all

HERE = [one.name for one in JOBS if one.name != "merge"]  # what has something to do: no log grows long here


@pytest.fixture
def logged() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as said:
        yield said  # type: ignore[misc]


def job(run: Callable[[Database], int], name: str = "sweep", every_seconds: int = 3_600) -> Job:
    return Job(name=name, what="does this", every_seconds=every_seconds, lease_seconds=60, run=run)


def until(true: Callable[[], bool], seconds: float = 15) -> None:
    give_up_at = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up_at, "it never came true"
        time.sleep(0.01)


def test_every_job_is_done_once_by_hand(db: Database) -> None:
    tell(db)

    first, again = run_all(db), run_all(db)

    assert [one.name for one in first] == [
        "publish",
        "notify",
        "roll",
        "tidy",
        "merge",
        "prune",
        "forget_imports",
        "forget_sessions",
        "forget_notices",
        "checkpoint",
    ]
    assert {one.state for one in first + again} == {"done"}
    assert next(one.done for one in first if one.name == "roll") == 2
    assert [one.done for one in again if one.name != "checkpoint"] == [0] * (len(JOBS) - 1)
    assert {name: state.failures for name, state in leases.states(db).items()} == dict.fromkeys(
        [one.name for one in JOBS], 0
    )


def test_a_job_that_fails_is_logged_and_the_others_are_done(
    db: Database, logged: list[dict[str, object]]
) -> None:
    def breaks(_db: Database) -> int:
        raise ZeroDivisionError("nobody thought of this")

    def refuses(_db: Database) -> int:
        raise Unavailable("The disk is full.")

    ran = run_all(db, [job(breaks, "a"), job(refuses, "b"), job(lambda _db: 3, "c")])

    assert ran == [
        Ran(name="a", state="failed", error="ZeroDivisionError: nobody thought of this"),
        Ran(name="b", state="failed", error="The disk is full."),
        Ran(name="c", state="done", done=3),
    ]
    assert [(one["event"], one["job"], one["log_level"]) for one in logged] == [
        ("job_failed", "a", "error"),
        ("job_failed", "b", "warning"),
    ]
    states = leases.states(db)
    assert (states["b"].failures, states["b"].error, states["b"].leased_until) == (1, "The disk is full.", 0)


def test_what_another_process_is_doing_is_left_to_it(db: Database) -> None:
    assert leases.take(db, "sweep", "other", seconds=60, every_seconds=3_600) is not None

    assert run_all(db, [job(lambda _db: 1)]) == [Ran(name="sweep", state="elsewhere")]


def test_a_thread_does_what_is_due_again_and_again(db: Database) -> None:
    runs: list[int] = []
    runner = Runner(db, [job(lambda _db: runs.append(1) or 1, every_seconds=0)])

    runner.start()
    until(lambda: len(runs) >= 3)
    runner.stop()

    assert not runner._thread.is_alive()
    count = len(runs)
    time.sleep(0.05)
    assert len(runs) == count


def test_a_thread_outlives_a_job_that_fails(db: Database, logged: list[dict[str, object]]) -> None:
    tries: list[int] = []

    def breaks(_db: Database) -> int:
        tries.append(1)
        raise ZeroDivisionError

    runner = Runner(db, [job(breaks, every_seconds=0), job(lambda _db: 1, "after", every_seconds=0)])

    runner.start()
    until(lambda: len(tries) >= 2 and "after" in leases.states(db))
    runner.stop()

    assert leases.states(db)["sweep"].failures >= 1
    assert leases.states(db)["after"].error is None


def test_a_thread_outlives_a_log_that_cannot_be_written(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log may lie on the disk that is full, or go to somebody who has gone."""

    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    tries: list[int] = []

    def breaks(_db: Database) -> int:
        tries.append(1)
        raise ZeroDivisionError

    monkeypatch.setattr(sys, "stderr", Full())
    logs.set_up()
    runner = Runner(db, [job(breaks, every_seconds=0)])

    try:
        runner.start()
        until(lambda: len(tries) >= 2)
        runner.stop()
    finally:
        structlog.reset_defaults()

    assert leases.states(db)["sweep"].error == "ZeroDivisionError: "


def test_a_thread_outlives_a_database_that_is_away(
    sqlite_url: str, logged: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    db = open_database(sqlite_url)
    upgrade(db)
    monkeypatch.setattr(jobs, "_LOOK_SECONDS_MAX", 0)
    is_away = threading.Event()
    is_away.set()
    read = db.read

    def away() -> object:
        if is_away.is_set():
            raise Unavailable("The database server cannot be reached.")
        return read()

    monkeypatch.setattr(db, "read", away)
    runs: list[int] = []
    runner = Runner(db, [job(lambda _db: runs.append(1) or 1)])

    runner.start()
    until(lambda: len(logged) >= 2)
    is_away.clear()
    until(lambda: bool(runs))
    runner.stop()

    assert logged[0]["error"] == "The database server cannot be reached."
    db.close()


def test_what_runs_every_second_runs_soon_after_the_database_was_away_for_a_moment(
    db: Database, logged: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, looks, runs = db.read, list[int](), list[int]()

    def away_once() -> object:
        looks.append(1)
        if len(looks) == 1:
            raise Unavailable("The database server cannot be reached.")
        return read()

    monkeypatch.setattr(db, "read", away_once)
    runner = Runner(db, [job(lambda _db: runs.append(1) or 1, every_seconds=1)])

    runner.start()
    until(lambda: bool(runs), seconds=10)
    runner.stop()


@pytest.mark.postgres
def test_of_four_processes_one_does_it(pg_url: str) -> None:
    databases = [open_database(pg_url) for _ in range(4)]
    upgrade(databases[0])
    runs: list[Database] = []

    def slow(db: Database) -> int:
        runs.append(db)
        time.sleep(0.1)
        return 1

    runners = [Runner(db, [job(slow)]) for db in databases]
    for runner in runners:
        runner.start()
    until(lambda: leases.states(databases[0]).get("sweep") is not None)
    until(lambda: leases.states(databases[0])["sweep"].done_at is not None)
    for runner in runners:
        runner.stop()

    assert len(runs) == 1
    for db in databases:
        db.close()


@pytest.mark.postgres
def test_without_leases_every_process_does_it(pg_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    databases = [open_database(pg_url) for _ in range(4)]
    upgrade(databases[0])
    monkeypatch.setattr(leases, "take", lambda _db, name, holder, **_: leases.Lease(name=name, holder=holder))
    runs: list[Database] = []
    runners = [Runner(db, [job(lambda db: runs.append(db) or 1)]) for db in databases]
    for runner in runners:
        runner.start()
    until(lambda: len(runs) == 4)
    for runner in runners:
        runner.stop()

    assert len({id(db) for db in runs}) == 4
    for db in databases:
        db.close()


def test_a_server_runs_them(file: Database, today: int) -> None:
    order = {"lines": [{"item": "X-100", "quantity": "5", "requested_on": iso_day(today, 3)}]}

    with TestClient(create_app(file.url, is_open=True), base_url=HOST) as client:
        assert client.post("/v1/promises", json=order, headers={"Idempotency-Key": "k-1"}).status_code == 201
        until(lambda: set(leases.states(file)) == set(HERE))
        until(lambda: all(one.done_at is not None for one in leases.states(file).values()))

    with file.read() as tx:
        assert tx.rows("SELECT topic, position FROM outbox") == [("PromiseCommitted", 1)]
        assert tx.rows("SELECT count(*) FROM audit_checkpoint") == [(1,)]


def test_a_server_that_only_reads_runs_none(
    file: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.db.doctor.SQLITE_MIN", (99,))

    with TestClient(create_app(file.url, is_open=True), base_url=HOST):
        time.sleep(0.3)

    assert leases.states(file) == {}


@pytest.mark.postgres
def test_of_two_server_processes_one_rolls_and_what_is_promised_can_be_read_along(pg_url: str) -> None:
    db = open_database(pg_url)
    upgrade(db)
    today = tell(db)
    order = {"lines": [{"item": "X-100", "quantity": "5", "requested_on": iso_day(today, 3)}]}
    seen: list[dict[str, object]] = []

    with (
        server(pg_url, "--processes", "2", "--open") as address,
        httpx2.Client(base_url=address, timeout=60) as client,
    ):
        for number in range(20):
            kept = client.post("/v1/promises", json=order, headers={"Idempotency-Key": f"k-{number}"})
            assert kept.status_code == 201

        def read_along() -> bool:
            after = seen[-1]["position"] if seen else 0
            seen.extend(client.get("/v1/events", params={"after": after}).json()["items"])
            return len(seen) == 20

        until(read_along, seconds=40)
        until(
            lambda: len([one for one in leases.states(db).values() if one.done_at]) == len(HERE), seconds=40
        )

    assert [one["position"] for one in seen] == list(range(1, 21))
    assert {one["request"] for one in seen} == {f"k-{number}" for number in range(20)}
    with db.read() as tx:
        assert tx.rows("SELECT count(*) FROM ledger_cause WHERE kind = 'DayRolled'") == [(2,)]  # a site each
    assert all(one.failures == 0 for one in leases.states(db).values())
    db.close()
