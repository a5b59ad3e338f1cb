"""Several processes promise a backlog exactly as one does."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests import postgres
from tests.connect.linked_world import (
    ACTOR,
    LINKS,
    became,
    line,
    put,
    random_lines,
    random_links,
    tell,
)

from accord.cli import main
from accord.connect import service, store
from accord.connect.model import OpenLine
from accord.connect.service import promising, settling, sharing
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.kit.errors import InputError, Unavailable
from accord.promise import service as promises
from accord.promise.service import groups

DAY_SECONDS = 86_400
LONG = 6_000  # lines: on a busy machine a few hundred are promised before anybody can stop it


@pytest.fixture(autouse=True)
def _no_midnight() -> None:
    """Processes have the real clock, so a test that compares them does not begin shortly before a day ends."""
    left = DAY_SECONDS - time.time() % DAY_SECONDS
    if left < 60:
        time.sleep(left + 1)


@contextmanager
def fresh(folder: Path, name: str) -> Iterator[Database]:
    """An empty database."""
    db = open_database(f"sqlite:///{folder / name}.db")
    try:
        upgrade(db)
        yield db
    finally:
        db.close()


def shares_of(db: Database, many: int) -> list[list[tuple[str, str]]]:
    """What each of so many would promise."""
    with db.read() as tx:
        lines = list(store.every_open_line(tx))
        found = promises.groups_of(tx, [one.request for one in lines], actor=ACTOR)
    return [
        [(lines[place].source, lines[place].id) for place in share] for share in sharing.packed(found, many)
    ]


def side_by_side(db: Database, many: int, pick: Callable[[int], int]) -> int:
    """Promise as so many would who are as quick as `pick` says: whose turn it is next, of how many; how many shares."""
    shares = shares_of(db, many)
    waiting = [list(share) for share in shares]
    while waiting:
        turn = pick(len(waiting))
        names, waiting[turn] = waiting[turn][:3], waiting[turn][3:]
        with db.read() as tx:
            lines = store.open_lines_named(tx, names)
        settling.promise_lines(db, lines, actor=ACTOR)
        waiting = [share for share in waiting if share]
    return len(shares)


# --- whatever their speed ---


@pytest.mark.parametrize("seed", range(6))
def test_what_becomes_of_a_line_does_not_depend_on_who_is_quicker(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    chains, many = chance.randrange(3, 7), chance.randrange(2, 4)
    links, most = random_links(chance, chains), chance.choice([15, 30, 1_000])
    monkeypatch.setattr(promising, "TOGETHER", chance.choice([2, 7, 40]))
    found = []
    for name in ("one", "many"):
        with fresh(tmp_path, name) as db:
            today = tell(db, chains, links, most=most)
            put(db, random_lines(random.Random(seed), chains, 40, today))
            if name == "one":
                service.promise_open(db, actor=ACTOR)
            else:
                shares = side_by_side(db, many, chance.randrange)
            found.append(became(db))

    assert found[0] == found[1]
    assert shares > 1


# On the first chain a line that takes what it shares with the second, on the second lines that want it, too:
# (item, quantity, days ahead). The first chain's buyer has a share of its pumps, the second's of his has none.
TWO_CHAINS = {
    "resource": [("pump-0", 20, 3), ("pump-1", 30, 3)],
    "supplier": [("motor-0", 14, 3), ("motor-1", 30, 3)],
    "bill": [("motor-0", 10, 3), ("pump-1", 30, 3)],
    "alternate": [("motor-0", 10, 3), ("motor-1", 10, 3), ("pump-1", 14, 3)],
    "substitute": [("pump-0", 10, 0), ("motor-1", 10, 0), ("pump-1", 6, 0), ("pump-1", 6, 0)],
    "limit": [("motor-0", 8, 2), ("motor-1", 10, 2)],
}


def two_chains(kind: str, today: int) -> list[OpenLine]:
    """The lines of one case; where the limit is shared one customer buys from both."""
    return [
        line(place, item, "north", many, today + days, "C1" if kind == "limit" else f"C{item[-1]}")
        for place, (item, many, days) in enumerate(TWO_CHAINS[kind])
    ]


def in_any_order(folder: Path, kind: str) -> tuple[list[dict[str, object]], int]:
    """What becomes of two chains that are linked so: one after the other, either share of two first; and the shares."""
    found, shares = [], 0
    turns: list[Callable[[int], int] | None] = [None, lambda _: 0, lambda waiting: waiting - 1]
    for place, pick in enumerate(turns):
        with fresh(folder, str(place)) as db:
            today = tell(db, 2, [(kind, 0, 1)], most=15 if kind == "limit" else 1_000)
            put(db, two_chains(kind, today))
            if pick is None:
                service.promise_open(db, actor=ACTOR)
            else:
                shares = side_by_side(db, 2, pick)
            found.append(became(db))
    return found, shares


@pytest.mark.parametrize("kind", LINKS)
def test_what_two_chains_share_makes_them_one(tmp_path: Path, kind: str) -> None:
    (alone, *shared), shares = in_any_order(tmp_path, kind)

    assert shares == 1
    assert shared == [alone, alone]


@pytest.mark.parametrize("kind", LINKS)
def test_a_grouping_that_does_not_see_a_link_is_found_out(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = groups.touched

    def blind(*args: Any, **more: Any) -> frozenset[str] | None:
        """Without what is of the other chain, and without limits: what is left of two chains with one link."""
        keys, own = real(*args, **more), args[2].lines[0].item[-1]
        assert keys is not None
        return frozenset(key for key in keys if re.search(rf"^(node|resource|supplier):\w+-{own}(@|$)", key))

    monkeypatch.setattr(groups, "touched", blind)

    (alone, *shared), shares = in_any_order(tmp_path, kind)

    assert shares == 2
    assert shared != [alone, alone]


# --- packing ---


@pytest.mark.parametrize(
    ("groups", "many", "shares"),
    [
        ("aaaabbbcc", 2, ["aaaa", "bbbcc"]),
        ("abacabad", 2, ["aaaa", "bcbd"]),  # the largest group alone, lines in their order
        ("abc", 5, ["a", "b", "c"]),  # nobody gets nothing
        ("aaaa", 3, ["aaaa"]),  # a group is never divided
        ("", 2, []),
    ],
)
def test_the_largest_groups_come_first_to_whoever_has_least(
    groups: str, many: int, shares: list[str]
) -> None:
    found = sharing.packed([ord(group) for group in groups], many)

    assert ["".join(groups[place] for place in share) for share in found] == shares
    assert all(share == sorted(share) for share in found)


# --- real processes ---


@pytest.fixture
def servers(pg_server: str) -> Iterator[Callable[[], Database]]:
    """Makes empty databases on a real server."""
    with ExitStack() as stack:

        def made() -> Database:
            db = open_database(stack.enter_context(postgres.database(pg_server)))
            stack.callback(db.close)
            upgrade(db)
            return db

        yield made


def waiting(db: Database, seed: int, many: int) -> None:
    """Six chains, some of them linked, and so many lines."""
    chance = random.Random(seed)
    today = tell(db, 6, random_links(chance, 6), most=30)
    put(db, random_lines(chance, 6, many, today))


def all_is_well(db: Database, many: int) -> None:
    """Every line is settled and the ledger is sound."""
    with db.read() as tx:
        assert store.count_lines(tx) == (0, many)
    assert promises.verify(db).findings == ()


@pytest.mark.postgres
@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 7))])
def test_several_processes_promise_exactly_as_one(
    servers: Callable[[], Database], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "TOGETHER", 9)
    found, used = [], []
    for processes in (1, 2, 3):
        db, seen = servers(), list[int]()
        waiting(db, seed, 60)

        done = service.promise_open(db, actor=ACTOR, processes=processes, on_progress=seen.append)

        assert (done.lines, sum(seen)) == (60, 60)
        used.append(done.processes)
        found.append((done.in_full, done.later, done.refused, became(db)))
        all_is_well(db, 60)

    assert found[0] == found[1] == found[2]
    assert used[:2] == [1, 2]


@pytest.mark.postgres
def test_what_a_killed_process_leaves_is_done_by_the_next_run_as_if_nothing_had_been(
    servers: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "TOGETHER", 9)
    alone, shared = servers(), servers()
    for db in (alone, shared):
        waiting(db, 1, 60)
    service.promise_open(alone, actor=ACTOR, processes=1)

    def kill(_many: int) -> None:
        for process in multiprocessing.active_children():
            process.kill()

    with pytest.raises(Unavailable, match="run the same command again for the rest") as ended:
        service.promise_open(shared, actor=ACTOR, processes=2, on_progress=kill)
    left = service.open_lines(shared)
    rest = service.promise_open(shared, actor=ACTOR, processes=1)

    assert (ended.value.code, ended.value.exit_code) == ("process_ended", 7)
    assert 0 < left < 60
    assert (rest.lines, rest.promised_before) == (left, 60 - left)
    assert became(shared) == became(alone)
    all_is_well(shared, 60)


@pytest.mark.slow
@pytest.mark.postgres
def test_whoever_stops_it_stops_all_of_them(
    servers: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "TOGETHER", 9)
    db = servers()
    waiting(db, 1, 60)

    def stop(_many: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.promise_open(db, actor=ACTOR, processes=2, on_progress=stop)

    assert multiprocessing.active_children() == []
    assert service.open_lines(db) > 0
    service.promise_open(db, actor=ACTOR, processes=1)
    all_is_well(db, 60)


@contextmanager
def command(db: Database) -> Iterator[subprocess.Popen[str]]:
    """The command at work, its processes in a group of their own; some lines are promised when it is given."""
    before = service.open_lines(db)
    accord = Path(sys.executable).with_name("accord")
    process = subprocess.Popen(
        [accord, "promise-open", "--processes", "2", "--db", db.url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(lambda: service.open_lines(db) < before)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


def is_gone(group: int) -> bool:
    """Whether no process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.slow
@pytest.mark.postgres
def test_ctrl_c_ends_the_command_and_its_processes_in_order(servers: Callable[[], Database]) -> None:
    db = servers()
    waiting(db, 1, LONG)

    with command(db) as process:
        os.killpg(process.pid, signal.SIGINT)
        said, told = process.communicate(timeout=60)

    assert process.returncode == 130
    assert (said, told.lstrip()) == (
        "",
        "accord: Stopped. What was done before is kept, what was under way is undone.\n",
    )
    wait_for(lambda: is_gone(process.pid))
    assert 0 < service.open_lines(db) < LONG


@pytest.mark.slow
@pytest.mark.postgres
def test_processes_end_with_a_command_that_was_killed(servers: Callable[[], Database]) -> None:
    db = servers()
    waiting(db, 1, LONG)

    with command(db) as process:
        process.kill()
        process.wait(timeout=60)

        wait_for(lambda: is_gone(process.pid))


def test_a_file_has_one_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fresh(tmp_path, "file") as db:
        with pytest.raises(InputError, match="Several need PostgreSQL"):
            service.promise_open(db, actor=ACTOR, processes=2)

        assert service.promise_open(db, actor=ACTOR).processes == 1
        code, said = main(["promise-open", "--processes", "2", "--db", db.url]), capsys.readouterr()

    assert (code, said.out) == (2, "")
    assert "accord: A database file has one process that promises. Several need PostgreSQL." in said.err


@pytest.mark.postgres
def test_processes_that_find_nothing_to_do_are_not_started_and_it_is_said(
    servers: Callable[[], Database], capsys: pytest.CaptureFixture[str]
) -> None:
    db = servers()
    today = tell(db, 1, [])
    put(db, [line(place, "pump-0", None, 1, today + 9, "C0") for place in range(3)])

    code, said = main(["promise-open", "--processes", "3", "--db", db.url]), capsys.readouterr()

    assert code == 0
    assert said.out.startswith("3 lines: 3 in full on the requested day, 0 later, 0 refused; ")
    assert "1 of 3 processes had work: lines that can compete with each other stay in one." in said.err


@pytest.mark.postgres
@pytest.mark.parametrize(("least", "processes"), [(30, 2), (31, 1), (61, 1)])
def test_where_nobody_says_how_many_each_core_has_lines_enough(
    servers: Callable[[], Database], least: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LINES_MIN", least)
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    db = servers()
    waiting(db, 1, 60)

    assert max(1, len(sharing.shares_of(db, actor=ACTOR, processes=None))) == processes


def test_an_error_comes_out_of_a_process_as_it_is() -> None:
    error = Unavailable("Away.", retry_after_seconds=7, code="away")

    found = pickle.loads(pickle.dumps(error))

    assert (type(found), found.detail, found.code) == (Unavailable, "Away.", "away")
    assert (found.retry_after_seconds, found.retryable) == (7, True)
