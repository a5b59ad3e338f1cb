"""What every test may ask for: a database of its own on either engine, real data, and quiet surroundings."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
REAL_DATA_ABSENT = "real data absent"

# A shared machine stalls at will, so a slow example is not a failure. CI repeats the same examples; people get new ones.
settings.register_profile("accord", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
settings.load_profile("accord")


# --- surroundings: nothing of the person's, nothing outside this machine ---


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the person's own data folder, database or settings."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ACCORD_")]:
            if not name.startswith("ACCORD_TEST_"):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("NO_COLOR", "1")
        yield


@pytest.fixture(autouse=True, scope="session")
def _network_off() -> Iterator[None]:
    """A connection that would leave this machine is a fault of the test."""
    connect = socket.socket.connect
    connect_ex = socket.socket.connect_ex

    def guard(address: object) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if isinstance(host, str) and not _is_this_machine(host):
            raise AssertionError(f"a test tried to reach {host}: tests run with the network off")

    def guarded(self: socket.socket, address: object) -> None:
        guard(address)
        connect(self, address)  # type: ignore[arg-type]

    def guarded_ex(self: socket.socket, address: object) -> int:
        guard(address)
        return connect_ex(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        patch.setattr(socket.socket, "connect_ex", guarded_ex)
        yield


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


# --- databases ---


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens a database, so that `-m "not database"` runs the rules alone."""
    for item in items:
        if {"db", "db_url", "sqlite_url", "pg_server"} & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.database)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A database file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'accord.db'}"


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """One PostgreSQL for this process (each xdist worker has its own, so none depends on another's end)."""
    with postgres.server() as url:
        yield url


@pytest.fixture
def pg_url(pg_server: str) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    with postgres.database(pg_server) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db_url(request: pytest.FixtureRequest) -> str:
    """A fresh database on each engine in turn: what holds on one must hold on the other."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "pg_url")
    return url


@pytest.fixture
def db(db_url: str) -> Iterator[Database]:
    """An open database of the newest schema, on each engine in turn."""
    # Upgrading an empty database takes 10 to 30 ms, so there is no template to keep in step with the schema.
    opened = open_database(db_url)
    try:
        upgrade(opened)
        yield opened
    finally:
        opened.close()


# --- real data ---


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """The store's clock goes on from noon UTC, so that no test meets midnight; call it to move the clock ahead by seconds."""
    from accord.db.tx import Tx, wall_clock

    real, day = Tx.clock, 86_400_000_000
    ahead = day // 2 - wall_clock() % day

    def move(seconds: int) -> None:
        nonlocal ahead
        ahead += seconds * 1_000_000

    def later(tx: Tx) -> tuple[str, dict[str, int]]:
        words, params = real.fget(tx)  # type: ignore[attr-defined]
        return (words, {"now": params["now"] + ahead}) if params else (f"{words} + {ahead}", {})

    monkeypatch.setattr(Tx, "clock", property(later))
    return move


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Where a real data set (a file or folder) is; without it the test is skipped, and the last lines say so."""

    def find(name: str) -> Path:
        root = os.environ.get("ACCORD_TEST_DATA")
        path = (Path(root) if root else ROOT.parent / "shared" / "data") / name
        if not path.exists():
            pytest.skip(f"{REAL_DATA_ABSENT}: {name}")
        return path

    return find


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly which real data was missing, how many tests that cost, and how to provide it."""
    missing: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
        _, marker, name = reason.partition(f"{REAL_DATA_ABSENT}: ")
        if marker:
            missing[name] = missing.get(name, 0) + 1
    if not missing:
        return
    terminalreporter.section("real data was not there", sep="!", yellow=True, bold=True)
    for name, count in sorted(missing.items()):
        terminalreporter.line(f"NOT RUN: {count} test(s) on {name}", yellow=True)
    terminalreporter.line("Set ACCORD_TEST_DATA to the folder that holds the real data sets, then run again.")
