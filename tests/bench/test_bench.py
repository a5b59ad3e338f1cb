"""The bench runs from end to end at tiny counts and says what it must. How long anything takes is never asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest
from bench.claims import Claim, row
from bench.measure import Figure, Range, Sample, paired, ranged, sample
from bench.world import Asker, World

from bench import callers

ROOT = Path(__file__).resolve().parent.parent.parent
WORLD = World(items=3, today=739_000)


@pytest.mark.slow
@pytest.mark.postgres
def test_the_suite_runs_and_ends_with_its_claims_in_one_line(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"

    run = subprocess.run(
        [sys.executable, "-m", "bench", "promise", "--json", "--counts", "tiny", "--page", str(page)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert set(found) == {"rows"}
    for one in found["rows"]:
        assert set(one) == {"claim", "measured", "target", "met"}
        assert one["measured"] > 0
        assert (one["target"] is None) == (one["met"] is None)
    names = [one["claim"] for one in found["rows"]]
    assert len(set(names)) == len(names)
    for engine in ("sqlite", "postgresql"):
        for words in ("validate-only route", "written raw", "a transaction per promise", "two-level bill"):
            assert any(engine in name and words in name for name in names), (engine, words)
    assert "fsync on, synchronous_commit on" in run.stdout
    assert "synchronous 2" in run.stdout
    text = page.read_text()
    assert text.startswith("# Performance\n")
    assert "counts: tiny" in text
    for one in found["rows"]:
        if one["target"] is not None:
            assert one["claim"].removesuffix(", ms") in text


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
