"""The command line on whole companies: the demo, and models of a real planning system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ACCORD = Path(sys.executable).with_name("accord")


def run(*argv: str, db: Path | None = None, home: Path | None = None) -> tuple[int, str, str]:
    surroundings = {**os.environ}
    if db is not None:
        surroundings["ACCORD_DB"] = str(db)
    if home is not None:
        surroundings["XDG_DATA_HOME"] = str(home)
    ran = subprocess.run([ACCORD, *argv], capture_output=True, text=True, env=surroundings, timeout=280)
    return ran.returncode, ran.stdout, ran.stderr


def one_object(*argv: str, db: Path, code: int = 0) -> dict[str, Any]:
    status, out, err = run(*argv, "--json", db=db)
    assert status == code, err
    found = json.loads(out)
    assert isinstance(found, dict)
    return found


@pytest.mark.slow
def test_the_demo_promises_a_morning_and_is_sound(tmp_path: Path) -> None:
    db = tmp_path / "demo.db"

    first = one_object("demo", "--no-serve", db=db)
    again = one_object("demo", "--no-serve", db=db)

    assert len(first["decisions"]) == 40
    assert {one["verdict"] for one in first["decisions"]} >= {
        "yes",
        "not_by_then",
        "needs_approval",
        "cannot_promise",
    }
    assert first["promised"] > 0
    assert all(one["sentence"] for one in first["decisions"])
    kept = [[one for one in run["decisions"] if one["verb"] != "ask"] for run in (first, again)]
    assert kept[0] == kept[1]
    assert not again["is_new"]
    assert one_object("verify", db=db)["findings"] == 0
    replayed = one_object("replay", "--all", db=db)
    assert replayed["same"] == replayed["decisions"]


@pytest.mark.slow
def test_the_demo_has_a_file_of_its_own_and_is_reset(tmp_path: Path) -> None:
    code, out, err = run("demo", "--no-serve", home=tmp_path)
    reset, again, _ = run("demo", "--no-serve", "--reset", home=tmp_path)

    assert code == reset == 0, err
    assert "40 requests" in out
    assert "Loaded Halden Pumps" in again
    assert [path.name for path in (tmp_path / "accord").glob("*.db")] == ["demo.db"]


@pytest.mark.slow
def test_the_demo_is_served_within_10_seconds(tmp_path: Path) -> None:
    import httpx2

    began = time.monotonic()
    process = subprocess.Popen(
        [ACCORD, "demo", "--port", "0", "--db", str(tmp_path / "demo.db")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        address = ""
        for line in process.stderr:
            if line.startswith("Serving "):
                address = line.split()[1]
                break
        page = httpx2.get(address, headers={"Accept": "text/html"}, follow_redirects=True)
        took = time.monotonic() - began
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stderr.close()

    assert page.status_code == 200
    assert "Welcome to Halden Pumps" in page.text
    assert took < 10


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize(("model", "lines"), [("distribution_demo", 3_294), ("manufacturing_demo", 220)])
def test_a_real_model_comes_in_is_promised_and_is_sound(
    tmp_path: Path, real_data: Callable[[str], Path], model: str, lines: int
) -> None:
    db, file = tmp_path / "real.db", str(real_data(f"frepple_models/{model}.json.gz"))

    report = one_object("import", "frepple", file, "--reopen", db=db)
    again = one_object("import", "frepple", file, "--reopen", db=db)
    done = one_object("promise-open", db=db)

    assert report["lines"] == lines
    assert again["changed"] is False
    assert done["lines"] == lines
    assert done["in_full"] + done["later"] + sum(done["refused"].values()) == lines
    assert done["seconds"] > 0
    assert one_object("promise-open", db=db)["lines"] == 0
    assert one_object("verify", db=db)["findings"] == 0
