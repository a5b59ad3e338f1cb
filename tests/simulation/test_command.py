"""`accord simulate` says how many operations, how quickly, from which seed, and what was wrong; and ends accordingly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from accord.cli import main
from accord.db.engine import open_database
from accord.simulation.lives import live
from accord.simulation.mutants.known import MUTANTS

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process; no end of it is a terminal."""

    def do(*argv: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["simulate", *argv])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return do


def test_a_sound_life_ends_with_0_and_says_its_figures(run: Run) -> None:
    code, out, _ = run("--ops", "60", "--seed", "3")

    assert code == 0
    assert out.startswith("✔ 60 operations, ")
    assert out.strip().endswith("/s, violations 0, seed 3")


def test_with_json_the_last_line_is_one_object(run: Run) -> None:
    code, out, _ = run("--ops", "60", "--seed", "3", "--json")

    found = json.loads(out.splitlines()[-1])
    assert code == 0
    assert (found["ops"], found["violations"], found["seed"], found["mutant"]) == (60, 0, 3, None)
    assert found["found"] == []
    assert found["seconds"] > 0


def test_a_mutant_that_is_noticed_ends_with_1_and_says_after_how_many(run: Run) -> None:
    code, out, _ = run("--ops", "2k", "--seed", "3", "--mutant", "M8", "--json")

    found = json.loads(out.splitlines()[-1])
    assert code == 1
    assert found["mutant"] == "M8"
    assert found["violations"] == len(found["found"]) >= 1
    assert found["ops"] < 2_000


def test_a_mutant_that_is_not_noticed_ends_with_0_and_says_so(run: Run) -> None:
    code, out, _ = run("--ops", "1", "--seed", "3", "--mutant", "M7")

    assert code == 0
    assert "The mutant M7 was NOT noticed." in out


def test_mutants_are_listed_with_what_they_are_and_where_they_were_seen(run: Run) -> None:
    code, out, _ = run("--mutant", "list", "--json")

    assert code == 0
    assert [one["id"] for one in json.loads(out)["items"]] == list(MUTANTS)
    assert all(one["what"] and one["seen_in"] for one in json.loads(out)["items"])


def test_an_unknown_mutant_is_a_wrong_usage_that_names_the_known_ones(run: Run) -> None:
    code, _, err = run("--mutant", "M99")

    assert code == 2
    assert all(f"  {name}: " in err for name in MUTANTS)


@pytest.mark.parametrize("ops", ["0", "-5", "many", "1.5k", ""])
def test_a_count_that_is_none_is_a_wrong_usage(run: Run, ops: str) -> None:
    code, _, err = run("--ops", ops)

    assert code == 2
    assert "--ops" in err


def test_a_database_that_holds_anything_is_refused_by_name_and_stays_as_it_was(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "mine.db"
    db = open_database(f"sqlite:///{path}")
    with db.write() as tx:
        tx.execute("CREATE TABLE mine (id INTEGER)")
    db.close()

    code, _, err = run("--ops", "10", "--db", str(path))

    assert code == 2
    assert "mine.db is not empty" in err
    engine = sa.create_engine(f"sqlite:///{path}")
    assert sa.inspect(engine).get_table_names() == ["mine"]
    engine.dispose()


@pytest.mark.postgres
def test_an_empty_database_on_a_server_is_lived_in_and_then_no_longer_empty(run: Run, pg_url: str) -> None:
    code, out, _ = run("--ops", "40", "--seed", "3", "--db", pg_url)
    again, _, err = run("--ops", "40", "--seed", "3", "--db", pg_url)

    assert code == 0
    assert "violations 0" in out
    assert again == 2
    assert "is not empty" in err


def test_nobodys_own_database_is_touched(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_DB", str(tmp_path / "own.db"))

    code, _, _ = run("--ops", "20")

    assert code == 0
    assert not (tmp_path / "own.db").exists()


def test_a_long_run_is_several_lives_each_with_a_seed_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord.simulation.lives.LIFE_OPS_MAX", 30)

    lived = live(70, 5)

    assert (lived.ops, lived.lives, lived.found) == (70, 3, ())
    assert lived.repeat == "accord simulate --ops 10 --seed 7 --hot"


@pytest.mark.slow
def test_lives_side_by_side_come_to_the_same_as_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord.simulation.lives.LIFE_OPS_MAX", 60)
    heard: list[tuple[int, int]] = []

    in_turn = live(150, 5)
    together = live(150, 5, processes=2, told=lambda ops, found: heard.append((ops, found)))

    assert (together.ops, together.lives) == (150, 3)
    assert msgspec.structs.replace(together, seconds=0) == msgspec.structs.replace(in_turn, seconds=0)
    assert heard == sorted(heard)
    assert heard[-1] == (150, 0)


@pytest.mark.slow
def test_of_lives_side_by_side_the_first_that_is_wrong_is_told_of_and_those_behind_it_are_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("accord.simulation.lives.LIFE_OPS_MAX", 200)

    in_turn = live(1_000_000, 1, mutant="M8 without gate and CHECK")
    together = live(1_000_000, 1, mutant="M8 without gate and CHECK", processes=2)

    assert together.found
    assert msgspec.structs.replace(together, seconds=0) == msgspec.structs.replace(in_turn, seconds=0)


@pytest.mark.slow
def test_ctrl_c_ends_lives_side_by_side_in_order() -> None:
    """It goes to every process of the group; the one that began the others hears it, and ends them."""
    accord = Path(sys.executable).with_name("accord")
    with subprocess.Popen(
        [accord, "simulate", "--ops", "250k", "--processes", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        try:
            assert " of 250,000 ops " in process.stderr.readline()  # they live
            os.killpg(process.pid, signal.SIGINT)
            said, told = process.communicate(timeout=60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    assert (process.returncode, said) == (130, "")
    assert told.splitlines()[-1] == (
        "accord: Stopped. What was done before is kept, what was under way is undone."
    )
    assert "Traceback" not in told


def test_the_guide_has_every_mutant_with_its_words() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs/guides/simulation.md").read_text()
    rows = [line for line in guide.splitlines() if line.startswith("| `")]

    assert rows == [f"| `{name}` | {one.words} | {one.seen_in} |" for name, one in MUTANTS.items()]
