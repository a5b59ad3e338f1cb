"""What the tests stand on: databases of their own, real data or a loud word, no network, no leftovers."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from accord.db.engine import Database
from accord.db.migrations import current, head
from tests import postgres

ROOT = Path(__file__).resolve().parent.parent


# --- databases ---


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_fresh_sqlite_file(sqlite_url: str, turn: int) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    assert path.is_absolute()
    assert not path.exists()

    sqlite3.connect(path).close()


@pytest.mark.postgres
@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_fresh_postgresql_database(pg_url: str, turn: int) -> None:
    with psycopg.connect(pg_url) as db:
        tables = db.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
        assert tables == (0,)

        db.execute("create table left_behind (id int)")


@pytest.mark.postgres
def test_postgresql_is_the_real_one_in_utf8(pg_url: str) -> None:
    with psycopg.connect(pg_url) as db:
        assert db.info.server_version >= 150000
        assert db.execute("show server_encoding").fetchone() == ("UTF8",)


@pytest.mark.postgres
def test_a_database_goes_although_someone_is_still_connected(pg_server: str) -> None:
    with postgres.database(pg_server) as url:
        someone = psycopg.connect(url)

    with pytest.raises(psycopg.OperationalError):
        someone.execute("select 1")
    someone.close()
    with psycopg.connect(pg_server) as admin:
        name = url.rpartition("/")[2]
        assert admin.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None


@pytest.mark.postgres
def test_a_template_gives_its_tables_to_the_copy(pg_server: str) -> None:
    with postgres.database(pg_server) as first:
        with psycopg.connect(first) as db:
            db.execute("create table item (id int)")

        with (
            postgres.database(pg_server, template=first.rpartition("/")[2]) as copy,
            psycopg.connect(copy) as db,
        ):
            assert db.execute("select count(*) from item").fetchone() == (0,)


def test_db_url_names_each_engine(db_url: str, request: pytest.FixtureRequest) -> None:
    engine = request.node.callspec.params["db_url"]
    assert db_url.startswith(f"{engine}://")


def test_db_is_open_and_of_the_newest_schema(db: Database) -> None:
    assert current(db) == head()


SERVE_AND_SAY = """
import sys, time
from tests import postgres
with postgres.server() as url:
    print(url, flush=True)
    time.sleep(60)
"""


@pytest.mark.postgres
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_server_goes_with_the_tests_even_when_they_are_killed(how: signal.Signals) -> None:
    surroundings = {name: value for name, value in os.environ.items() if name != "ACCORD_TEST_PG_URL"}
    tests = subprocess.Popen(
        [sys.executable, "-c", SERVE_AND_SAY],
        cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert tests.stdout is not None
    url = tests.stdout.readline().strip()
    psycopg.connect(url).close()

    tests.send_signal(how)
    tests.wait(timeout=120)
    tests.stdout.close()

    assert _gone_within(url, seconds=20)


def _gone_within(url: str, *, seconds: float) -> bool:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return True
        time.sleep(0.05)
    return False


# --- real data ---

ONE_TEST_ON_REAL_DATA = """
def test_reads_it(real_data):
    assert real_data("some_set/file.csv").read_text() == "hello"
"""


def _run_a_test_on(data: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    (folder / "test_it.py").write_text(ONE_TEST_ON_REAL_DATA)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, "-c", os.devnull, folder],
        cwd=ROOT, env={**os.environ, "ACCORD_TEST_DATA": str(data)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_real_data_is_found_where_the_setting_says(tmp_path: Path) -> None:
    (tmp_path / "data/some_set").mkdir(parents=True)
    (tmp_path / "data/some_set/file.csv").write_text("hello")

    run = _run_a_test_on(tmp_path / "data", tmp_path)

    assert "1 passed" in run.stdout
    assert "NOT RUN" not in run.stdout


def test_absent_real_data_is_skipped_loudly_and_fails_nothing(tmp_path: Path) -> None:
    run = _run_a_test_on(tmp_path / "nowhere", tmp_path)

    assert run.returncode == 0
    assert "1 skipped" in run.stdout
    assert "NOT RUN: 1 test(s) on some_set/file.csv" in run.stdout
    assert "ACCORD_TEST_DATA" in run.stdout


# --- surroundings ---


def test_the_network_is_off() -> None:
    with socket.socket() as outside, pytest.raises(AssertionError, match="network off"):
        outside.connect(("192.0.2.1", 80))


def test_this_machine_can_still_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.connect(listener.getsockname())


def test_nothing_is_written_to_the_persons_own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.getbasetemp()
    assert Path.home().is_relative_to(base)
    assert Path(os.environ["XDG_DATA_HOME"]).is_relative_to(base)
    assert "ACCORD_DB" not in os.environ


def test_the_real_data_fixture_is_callable(real_data: Callable[[str], Path]) -> None:
    with pytest.raises(pytest.skip.Exception, match="real data absent: no_such_set"):
        real_data("no_such_set")


# --- set-up ---


def _set_up(tree: Path, **surroundings: str) -> subprocess.CompletedProcess[str]:
    (tree / "scripts").mkdir(parents=True)
    for name in ("scripts/setup.sh", "scripts/uv-bootstrap.lock", "requirements.lock"):
        (tree / name).write_bytes((ROOT / name).read_bytes())
    return subprocess.run(
        ["bash", tree / "scripts/setup.sh"],
        env={**os.environ, **surroundings}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_python_without_pip_is_told_which_package_to_install(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/ensurepip.py").write_text(
        "raise ImportError('as on a Debian without python3-venv')\n"
    )

    run = _set_up(tmp_path / "tree", PYTHONPATH=str(tmp_path / "broken"), PYTHON=sys.executable)

    assert run.returncode == 1
    assert "apt-get install python3-venv" in run.stderr
    assert not (tmp_path / "tree/.venv").exists()


def test_a_python_that_is_too_old_is_told_which_one_is_needed(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    run = _set_up(tmp_path / "tree", PYTHON=str(old))

    assert run.returncode == 1
    assert "3.11 or newer" in run.stderr


def test_the_locks_pin_everything_by_hash_and_name_no_index() -> None:
    for name in ("requirements.lock", "scripts/uv-bootstrap.lock"):
        text = (ROOT / name).read_text()
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pins
        assert [pin for pin in pins if "==" not in pin] == []
        assert text.count("--hash=sha256:") >= len(pins)
        assert "://" not in text
        assert "--index" not in text
