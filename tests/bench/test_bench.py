"""The bench runs from end to end at tiny counts and says what it must. How long anything takes is never asserted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import msgspec
import pytest
from bench.claims import Claim, Found, NotMeasured, Row, claim, row
from bench.databases import Store
from bench.measure import TINY, Figure, Missing, Range, Sample, paired, ranged, sample
from bench.processes import together
from bench.promise import Report
from bench.sections import Load, Run
from bench.world import Asker, World

from accord.db.engine import Database
from bench import callers, floors, promise, report, targets

ROOT = Path(__file__).resolve().parent.parent.parent
# Why a row may be without a figure: only what no machine has by itself.
ABSENT = ("frePPLe's engine is not installed", "left out of this run")
# All but what starts four more servers to say the same of a slower disk, and other systems.
TRIED = sorted({*promise.SECTIONS} - {promise.SLOW_HTTP, promise.PEERS})
WORLD = World(items=3, today=739_000)


@pytest.mark.slow
@pytest.mark.postgres
def test_the_suite_runs_and_ends_with_its_claims_in_one_line(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"

    run = subprocess.run(
        [sys.executable, "-m", "bench", "promise", "--json", "--counts", "tiny", "--page", str(page), "--only", *TRIED],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert set(found) == {"rows"}
    for one in found["rows"]:
        assert set(one) == {"claim", "measured", "target", "met"}
        is_measured = "(not measured: " not in one["claim"]
        assert (one["measured"] is not None) == is_measured, one
        assert (one["met"] is not None) == (is_measured and one["target"] is not None), one
        assert is_measured or any(words in one["claim"] for words in ABSENT), one
    names = [one["claim"] for one in found["rows"]]
    assert len(set(names)) == len(names)
    for engine in ("sqlite", "postgresql"):
        for words in (
            "validate-only route",
            "written raw",
            "a transaction per promise",
            "two-level bill",
            "batch door",
        ):
            assert any(engine in name and words in name for name in names), (engine, words)
        for words in ("every fsync +5 ms (simulated): rate over that of the same rows written raw",):
            assert any(engine in name and words in name for name in names), (engine, words)
    assert "fsync on, synchronous_commit on" in run.stdout
    assert "synchronous 2" in run.stdout
    text = page.read_text()
    assert text.startswith("# Performance\n")
    assert "counts: tiny" in text
    for one in found["rows"]:
        if one["target"] is not None:
            assert (
                one["claim"].partition(" (not measured")[0].removesuffix(", ms").removesuffix(", s") in text
            )


def test_what_fails_is_not_measured_and_takes_nothing_with_it() -> None:
    run = Run(TINY, lambda _words: None)

    with run.section("http", "sqlite"):
        run.take_turns("http", [_load("good"), _load("bad", fails=True)], door="http", engine="sqlite")
        raise RuntimeError("the server | ended")
    with run.section("batch door", "sqlite"):
        run.take_turns("batch door", [_load("batch")], door="http", engine="sqlite")

    assert [figure.way for figure in run.figures] == ["good", "batch"]
    found = Found(tuple(run.figures), tuple(run.missing))
    with pytest.raises(NotMeasured, match="ZeroDivisionError"):
        found("http", "http", "bad", "sqlite", "", 1)
    with pytest.raises(NotMeasured, match="RuntimeError: the server / ended"):
        found("http", "http", "never begun", "sqlite", "", 1)
    with pytest.raises(NotMeasured, match="no such load"):
        found("batch door", "http", "never begun", "sqlite", "", 1)


def _load(way: str, *, fails: bool = False) -> Load:
    def measure(_name: str, _seconds: float) -> Sample:
        return Sample(count=1 // (not fails), seconds=1.0, p50_ms=1.0, p99_ms=1.0)

    return Load(way=way, nodes="", measure=measure)


def test_a_section_that_hangs_is_given_up() -> None:
    run = Run(msgspec.structs.replace(TINY, section_seconds=0.05), lambda _words: None)

    with run.section("http"):
        time.sleep(30)

    assert "given up" in run.missing[0].why
    assert run.missing[0].section == "http"


def test_what_is_not_measured_is_never_a_win() -> None:
    def lacking() -> Range:
        raise NotMeasured("it is not installed")

    found = claim("rate over theirs", lacking, target=">= 5")

    assert found.met is None
    assert row(found) == Row(
        claim="rate over theirs (not measured: it is not installed)", measured=None, target=">= 5", met=None
    )


@pytest.mark.parametrize(("measured", "target", "short"), [(0.3, ">= 0.4", 0.25), (1.5, "<= 1", 0.5)])
def test_a_missed_target_says_by_how_much(measured: float, target: str, short: float) -> None:
    found = Claim(words="words", measured=Range(measured, measured, measured), unit="x", target=target)

    assert found.falls_short == pytest.approx(short)


def test_several_processes_are_as_fast_as_the_sum_and_as_slow_as_the_slowest() -> None:
    one, other = (
        Sample(count=count, seconds=seconds, p50_ms=p50, p99_ms=9.0, cpu_us=100.0)
        for count, seconds, p50 in ((100, 1.0, 3.0), (300, 2.0, 4.0))
    )

    assert together([one, other]) == Sample(count=400, seconds=2.0, p50_ms=4.0, p99_ms=9.0, cpu_us=100.0)


def test_processes_by_node_never_want_the_same() -> None:
    world = msgspec.structs.replace(WORLD, items=7)
    askers = [Asker(world, "a", is_hot=False, share=(part, 2)) for part in range(2)]

    wanted = [{asker.request().lines[0].item for _ in range(60)} for asker in askers]

    assert [len(items) for items in wanted] == [3, 3]
    assert not wanted[0] & wanted[1]


def test_a_call_of_the_batch_door_has_the_orders_that_would_have_come_alone() -> None:
    alone, together_ = Asker(WORLD, "a", is_hot=False), Asker(WORLD, "a", is_hot=False)

    _, body = together_.bulk(3)

    expected = [alone.body() for _ in range(3)]
    assert json.loads(body)["orders"] == [{"id": id, **json.loads(one)} for id, one in expected]


@pytest.mark.parametrize(
    ("measured", "target", "met"),
    [
        (0.6, ">= 0.6", True),
        (0.59, ">= 0.6", False),
        (50.0, "<= 50", True),
        (50.1, "<= 50", False),
        (1.0, None, None),
    ],
)
def test_a_claim_is_met_when_its_middle_is(measured: float, target: str | None, met: bool | None) -> None:
    claim = Claim(words="words", measured=Range(0.0, measured, 99.0), unit="x", target=target)

    assert claim.met is met
    assert row(claim).measured == measured


def test_ratios_are_taken_turn_by_turn() -> None:
    def figure(*rates: int) -> Figure:
        samples = tuple(Sample(count=rate, seconds=1.0, p50_ms=1.0, p99_ms=1.0) for rate in rates)
        return Figure(door="http", way="desk", engine="sqlite", nodes="hot", clients=1, samples=samples)

    # The machine was half as fast in the second turn; the ratio does not know.
    assert paired(figure(100, 50, 90), figure(200, 100, 100), lambda s: s.rate) == Range(0.5, 0.5, 0.9)


def test_a_sample_knows_its_middle_and_its_slowest_hundredth() -> None:
    found = sample([n / 1000 for n in range(1, 201)], 2.0, cpu_seconds=0.4)

    assert (found.count, found.rate, found.p50_ms, found.p99_ms) == (200, 100.0, 101.0, 199.0)
    assert found.cpu_us == pytest.approx(2_000)
    assert ranged([3.0, 1.0, 2.0]) == Range(1.0, 2.0, 3.0)


def test_the_same_name_asks_the_same() -> None:
    first, again, other = (Asker(WORLD, name, is_hot=False) for name in ("a", "a", "b"))

    assert [first.request() for _ in range(9)] == [again.request() for _ in range(9)]
    assert [again.body() for _ in range(9)] != [other.body() for _ in range(9)]


def test_a_hot_asker_wants_one_item_for_one_customer() -> None:
    asker = Asker(WORLD, "a", is_hot=True)

    asked = [asker.request() for _ in range(50)]

    assert {(one.customer, one.lines[0].item) for one in asked} == {("customer-00", "item-00000")}
    assert len({one.id for one in asked}) == 50


def test_a_load_in_which_one_request_is_not_promised_fails() -> None:
    answers = iter([True, True, False, True])

    def submit(_request: object) -> Future[bool]:
        answer: Future[bool] = Future()
        answer.set_result(next(answers))
        return answer

    with pytest.raises(callers.NotPromised, match="1 of 3 were not promised"):
        callers.call(submit, Asker(WORLD, "a", is_hot=False), clients=1, seconds=60.0)


def test_a_run_in_which_nothing_could_be_measured_has_a_page_all_the_same() -> None:
    found = Report(
        counts=TINY, machine={"cores": "2", "load when it began": "0.1 over one minute"}, fsync_ms=1.0,
        load_at_end=0.1, seconds=1.0, settings={}, figures=(), facts={}, where=(), profiles=(),
        missing=(Missing(why="the disk is full", section=""),),
    )  # fmt: skip

    rows = [row(one) for one in targets.of(found)]
    page = report.page(found)

    assert len(rows) > 60
    assert all(one.measured is None and one.met is None for one in rows)
    assert all("(not measured: the disk is full)" in one.claim or "frePPLe" in one.claim for one in rows)
    assert page.count("not measured: the disk is full") >= len(rows)
    assert "| yes |" not in page


def test_the_raw_floor_writes_the_very_rows_that_promises_leave(tmp_path: Path) -> None:
    store = Store("sqlite", tmp_path, "")
    world = store.fill(WORLD.items)
    with store.opened_copy() as promised, store.opened_copy() as raw:
        batches = floors.record(promised, Asker(world, "a", is_hot=False), 2, 5)

        taken = floors.rewrite(raw, batches, 5)

        assert taken.count == 10
        for table in (
            "ledger_key",
            "ledger_draw",
            "ledger_commitment",
            "promise",
            "decision",
            "outbox",
            "audit",
        ):
            left, written = (_rows(db, table) for db in (promised, raw))
            assert written == left, table
        assert {row[0] for row in _rows(raw, "request")} == {row[0] for row in _rows(promised, "request")}


def _rows(db: Database, table: str) -> list[tuple[object, ...]]:
    with db.read() as tx:
        return sorted(map(tuple, tx.rows(f"SELECT * FROM {table}")), key=repr)
