"""A run records each go, goes on where it was stopped, and says so when something broke or a control saw nothing."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import msgspec
import pytest
from prove.model import Outcome, Piece, Say, Sizes
from prove.records import Record, keep, load
from prove.run import prove

from prove import page, records


def piece(fails_at: int | None = None, *, blind: bool = False) -> Piece:
    def run(count: int, seed: int, _say: Say) -> Outcome:
        return Outcome(
            count=count,
            failures=("it broke",) if seed == fails_at else (),
            facts={"seen": 2, "wait_ms_max": seed},
        )

    def control(_seed: int, _say: Say) -> Outcome:
        return Outcome(count=7, failures=() if blind else ("lost one", "lost two"))

    return Piece(
        id="R0-x",
        claim="Nothing is lost.",
        fault="It is shaken.",
        unit="shakes",
        sizes=Sizes(test=1, prove=25, release=100),
        chunk=10,
        run=run,
        control=control,
        control_words="Nobody holds it.",
    )


def tried(
    one: Piece, kept: dict[str, Record], *, count: int = 25, until: float = math.inf
) -> tuple[bool, list[str]]:
    said: list[str] = []
    is_good = prove(
        [one],
        kept,
        count_of=lambda _: count,
        seed=3,
        again=False,
        until=until,
        say=said.append,
        keep=lambda _id, _record: None,
    )
    return is_good, said


def test_each_go_is_recorded_with_a_seed_of_its_own() -> None:
    kept: dict[str, Record] = {}

    is_good, _ = tried(piece(), kept)

    record = kept["R0-x"]
    assert is_good
    assert (record.count, record.seed, record.next_seed, record.facts) == (
        25,
        3,
        6,
        {"seen": 6, "wait_ms_max": 5},
    )
    assert record.control is not None
    assert (record.control.count, record.control.failures, record.control.first) == (7, 2, "lost one")


def test_a_record_says_when_later_goes_tried_other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, Record] = {}
    monkeypatch.setattr(records, "_commit", lambda: "a1")
    monkeypatch.setattr(records, "_is_same_code", lambda commit: True)
    tried(piece(), kept, count=10)
    before = page.text((piece(),), kept)
    monkeypatch.setattr(records, "_commit", lambda: "b2")
    monkeypatch.setattr(records, "_is_same_code", lambda commit: commit == "b2")

    tried(piece(), kept)

    assert (kept["R0-x"].commit, kept["R0-x"].until) == ("a1", "b2")
    assert "**Run:** commit a1, " in before
    assert "**Run:** commit a1 at first, b2 at last, " in page.text((piece(),), kept)


def test_only_what_is_written_in_docs_is_no_other_code() -> None:
    first = subprocess.run(
        ["git", "log", "--format=%h", "-1", "--", "src"], cwd=records.ROOT, capture_output=True, text=True
    ).stdout.strip()
    before = subprocess.run(
        ["git", "rev-parse", "--short", f"{first}~1"], cwd=records.ROOT, capture_output=True, text=True
    ).stdout.strip()
    if not before:
        pytest.skip("there is no history here")

    assert not records._is_same_code(before)
    assert records._is_same_code("unknown")


def test_it_goes_on_where_it_was_stopped() -> None:
    kept: dict[str, Record] = {}
    tried(piece(), kept, count=10)

    _, said = tried(piece(), kept)

    assert kept["R0-x"].count == 25
    assert [words.split(",")[0] for words in said] == ["R0-x: 20 of 25 shakes", "R0-x: 25 of 25 shakes"]


def test_a_failure_stops_it_and_says_how_to_repeat_it() -> None:
    is_good, said = tried(piece(fails_at=4), {})

    assert not is_good
    assert said[-1] == "  Repeat it: python -m prove R0-x --seed 4 --count 10 --dry"


def test_a_control_that_sees_nothing_stops_it() -> None:
    kept: dict[str, Record] = {}

    is_good, said = tried(piece(blind=True), kept)

    assert not is_good
    assert kept == {}
    assert "proves nothing" in said[-1]


def test_a_piece_that_cannot_be_tried_keeps_no_other_from_being_tried() -> None:
    kept: dict[str, Record] = {}
    said: list[str] = []
    broken = msgspec.structs.replace(piece(), id="R0-broken", control=lambda _seed, _say: 1 // 0)

    is_good = prove(
        [broken, piece()],
        kept,
        count_of=lambda _: 25,
        seed=3,
        again=False,
        until=math.inf,
        say=said.append,
        keep=lambda _id, _record: None,
    )

    assert not is_good
    assert kept["R0-x"].count == 25
    assert any("R0-broken: it could not be tried" in words and "ZeroDivisionError" in words for words in said)


def test_nothing_is_begun_after_the_time_is_up() -> None:
    kept: dict[str, Record] = {}

    assert tried(piece(), kept, until=0.0) == (True, [])
    assert kept == {}


def test_the_page_says_what_was_tried_and_what_was_not(tmp_path: Path) -> None:
    kept: dict[str, Record] = {}
    before = page.text((piece(),), kept)
    tried(piece(), kept)
    file = tmp_path / "r.json"
    keep("R0-x", kept["R0-x"], file)

    after = page.text((piece(),), load(file))

    assert "| R0-x | Nothing is lost. | not yet (of 25 shakes) |" in before
    assert "| R0-x | Nothing is lost. | 25 of 25 shakes | 0 | 1.2e-01 | 3 to 5 |" in after
    assert "It then went wrong in 2 of 7 tries (seed 3): lost one" in after
