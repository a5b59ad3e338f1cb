"""Files are read at a bench while others look on: every process can tell how far that is, and one works on a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from accord.connect import service, store
from accord.connect.files.choices import Choices
from accord.connect.files.looking import look
from accord.connect.files.rejected import given_back
from accord.connect.model import RunState
from accord.connect.service import letting, reading, steps, undoing, walking, working
from accord.db import tx as db_tx
from accord.db.engine import Database, retrying
from accord.kit.errors import Conflict, NotFound, Unavailable
from accord.promise import service as promises

BASICS = {"items.csv": b"id,cost\nP,5\n", "sites.csv": b"id\noslo\n"}
STOCK = {"stock.csv": b"item,site,quantity\nP,oslo,10\n"}


@pytest.fixture
def bench(db: Database, noon: Any) -> Iterator[working.Bench]:
    yield working.bench(db)
    working.close(db)


def put_in(db: Database, given: dict[str, bytes], key: str, **words: Any) -> str:
    id = walking.put_in(db, given, source="erp", actor="ann", key=key, **words)
    assert working.bench(db).wait(id, 60)
    return id


def let_in(db: Database, id: str) -> walking.Standing:
    judged = walking.standing(db, id).judged
    assert judged is not None
    letting.begin(db, id, seen=judged.digest, actor="bo")
    assert working.bench(db).wait(id, 60)
    return walking.standing(db, id)


def test_files_go_all_the_way_and_back_on_both_databases(db: Database, bench: working.Bench) -> None:
    first = let_in(db, put_in(db, BASICS, "k1"))
    second = let_in(db, put_in(db, STOCK, "k2"))
    seen = undoing.foresee(db, second.run.id)
    undone = undoing.undo(db, second.run.id, actor="bo")

    assert (first.step, second.step) == ("done", "done")
    assert (second.run.actor, second.run.done_by) == ("ann", "bo")
    assert seen.why_not == ()
    assert undone.run.state is RunState.undone
    assert walking.standing(db, second.run.id).step == "undone"
    assert promises.verify(db).findings == ()
    with db.read() as tx:
        assert tx.rows("SELECT run FROM import_work") == []


class Slow:
    """Work that tells how far it is, and goes on when the test says so."""

    def __init__(self) -> None:
        self.told, self.go = threading.Event(), threading.Event()
        self.is_through = False

    def __call__(self, on_progress: Any) -> None:
        on_progress("check", 250, 1_000, 3)
        self.told.set()
        assert self.go.wait(60)
        on_progress("check", 500, 1_000, 3)
        self.is_through = True


def test_another_process_sees_the_work_stops_it_and_does_not_begin_it_again(
    db: Database, bench: working.Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.dialect == "sqlite":
        pytest.skip("a file has one server")
    monkeypatch.setattr(working, "_BEAT_SECONDS", 0)
    id, other, slow = put_in(db, BASICS, "k1"), working.Bench(db), Slow()

    bench.start(id, "check", "ann", slow)
    assert slow.told.wait(60)
    seen = other.seen(id)
    with pytest.raises(working.WorkedOn):
        other.start(id, "check", "bo", slow)
    other.stop(id)
    asked = other.seen(id)
    slow.go.set()

    assert seen is not None
    assert (seen.phase, seen.done, seen.total, seen.problems, seen.actor) == ("check", 250, 1_000, 3, "ann")
    assert asked is not None
    assert asked.wants_stop
    assert bench.wait(id, 60)
    assert other.seen(id) is None
    assert not slow.is_through


def test_in_one_process_a_run_is_worked_on_once_and_nothing_is_said_of_it_meanwhile(
    db: Database, bench: working.Bench
) -> None:
    id, slow = put_in(db, BASICS, "k1"), Slow()

    bench.start(id, "check", "ann", slow)
    assert slow.told.wait(60)
    for act in (
        lambda: bench.start(id, "commit", "bo", slow),
        lambda: walking.say(db, id, {"unknown_item:X": "skip"}, actor="bo"),
        lambda: bench.idle(id),
    ):
        with pytest.raises(working.WorkedOn):
            act()
    slow.go.set()

    assert bench.wait(id, 60)
    bench.idle(id)
    assert service.run(db, id).setup.say == {}


def test_a_run_whose_work_cannot_be_begun_is_worked_on_by_nobody(
    db: Database, bench: working.Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    id, slow = put_in(db, BASICS, "k1"), Slow()
    with monkeypatch.context() as full, pytest.raises(Unavailable, match="no thread left"):
        full.setattr(threading.Thread, "start", no_more)
        bench.start(id, "check", "ann", slow)

    bench.idle(id)
    working.Bench(db).idle(id)
    with db.read() as tx:
        assert tx.rows("SELECT run FROM import_work") == []


def test_work_of_a_process_that_is_gone_is_taken_up_by_another(
    db: Database, bench: working.Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = put_in(db, BASICS, "k1")
    long_ago = db_tx.wall_clock() - 10 * 365 * 86_400_000_000
    gone = store.Work(run=id, what="commit", actor="ann", holder="gone", began_at=long_ago, beat_at=long_ago)
    assert retrying(db, lambda tx: store.begin_work(tx, gone, gone_before=0))

    found = bench.seen(id)
    walking.start(db, id, actor="bo")

    assert found is None
    assert bench.wait(id, 60)
    assert walking.standing(db, id).step == "try"


def test_a_bench_that_closes_stops_its_work_and_takes_no_more(db: Database, bench: working.Bench) -> None:
    id, slow = put_in(db, BASICS, "k1"), Slow()
    bench.start(id, "check", "ann", slow)
    assert slow.told.wait(60)

    closing = threading.Thread(target=bench.close)
    closing.start()
    slow.go.set()
    closing.join(60)

    assert bench.seen(id) is None
    with pytest.raises(working.WorkedOn, match="closing"):
        bench.start(id, "check", "ann", slow)
    assert walking.standing(db, id).step == "try"


def test_what_went_wrong_is_kept_until_it_was_read(db: Database, bench: working.Bench) -> None:
    id = put_in(db, BASICS, "k1")

    def wrong(_on_progress: Any) -> None:
        raise Conflict("Something came between.")

    bench.start(id, "commit", "ann", wrong)
    assert bench.wait(id, 60)
    kept = walking.standing(db, id)
    walking.dismiss(db, id)

    assert kept.working is not None
    assert kept.working.error is not None
    assert (kept.step, kept.working.error["detail"]) == ("try", "Something came between.")
    assert walking.standing(db, id).working is None


def test_an_import_that_is_dropped_while_it_is_read_is_gone(db: Database, bench: working.Bench) -> None:
    id, slow = put_in(db, BASICS, "k1"), Slow()
    bench.start(id, "check", "ann", slow)
    assert slow.told.wait(60)
    slow.go.set()

    walking.drop(db, id)

    with pytest.raises(NotFound):
        service.run(db, id)


def test_two_of_one_kind_of_table_are_planned_and_remembered_once(db: Database, bench: working.Bench) -> None:
    let_in(db, put_in(db, BASICS, "k1"))

    done = let_in(
        db,
        put_in(
            db,
            {"on_hand.csv": STOCK["stock.csv"], "on_hand_2.csv": b"item,site,quantity,lot\nP,oslo,3,L1\n"},
            "k2",
        ),
    )

    assert done.step == "done"
    assert done.run.report is not None
    assert done.run.report.made["count"].new == 2


# --- rows that were given back ---


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("file,row,at column,why,item,quantity\ns.csv,2,item,unknown,'@a,1\n", {"s.csv": "item,quantity|@a,1"}),
        ("file;row;at column;why;item;quantity\ns.csv;2;item;unknown;a;1,5\n", {"s.csv": 'item,quantity|a,"1,5"'}),
        ("file,row,at column,why,a,b\nx [S],2,a,w,1,\ny.csv,3,b,w,,2\n", {"x [S].csv": "a|1", "y.csv": "b|2"}),
        ("file,row,at column,why,a\ns.csv,2,a,w,'it is\n", {"s.csv": "a|'it is"}),
        ("item,quantity\na,1\n", None),
        ("file,row,at column,why,a\ns.csv,2\n", None),
        ('file,row,at column,why,a\ns.csv,2,a,"w\n', None),
    ],
)  # fmt: skip
def test_rows_that_were_given_back_are_the_files_they_came_from(
    text: str, files: dict[str, str] | None
) -> None:
    found = given_back("rejected.csv", text.encode())

    told = None if found is None else {
        name: "|".join(data.decode().rstrip("\r\n").split("\r\n")) for name, data in found.items()
    }  # fmt: skip
    assert told == files


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_seen_in_two_seconds(db: Database, bench: working.Bench) -> None:
    """Of processor time, of which a machine that does nothing else gives a second in a second."""
    if db.dialect != "sqlite":
        pytest.skip("what is measured does not depend on the engine")
    rows = "".join(
        f"PO{n};X-{n % 900};oslo;{n % 300};{n % 15 + 13}.{n % 12 + 1:02}.30;{n % 9},5\n"
        for n in range(100_000)
    )
    data = f"Number;Article;Store;Stock;Due;Price\n{rows}".encode()
    id = put_in(db, BASICS, "empty")
    with db.read() as tx:
        row = steps.found_run(tx, id)
    began = time.process_time()

    looks, tables = look({"export.csv": data}, Choices())
    walk = reading._seen(db, row, looks, tables, Choices(), is_given=False)

    assert time.process_time() - began < 2.0
    assert (looks[0].rows, walk.plan[0].target) == (100_000, "orders")
    assert [one.reading for one in walk.findings if one.what == "dates"] == ["%d.%m.%y"]
