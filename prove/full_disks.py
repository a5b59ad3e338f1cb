"""What happens when the volume is full that holds the database, or PostgreSQL's log of writes?

A small volume is mounted in a mount namespace of a process of its own, so that it is gone with that process, however it ends.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from unittest import mock

import msgspec
import sqlalchemy as sa
from tests import postgres

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.kit.days import date_of
from accord.kit.errors import AccordError, Unavailable
from accord.promise import service as promises
from prove import company
from prove import postgres as crashing
from prove.client import Client, judge, one
from prove.model import Outcome, Piece, Say, Sizes
from prove.records import ROOT

CLIENTS = 3
VOLUME_BYTES = {"sqlite": 24 << 20, "postgresql": 48 << 20}
NOT_NOW = 6  # answers of that kind in each round
CALLS_MAX = {
    "sqlite": 60,
    "postgresql": 1_000,
}  # in which they must come: there may be room in files that are there
HEALTHY_SECONDS_MAX = 10.0  # from when there is space until everybody has an answer


@contextmanager
def _volume(size_bytes: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="accord-volume-") as folder:
        size = f"size={size_bytes},mode=0700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "accord", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


class _Round:
    """The volume is filled under the clients, and emptied again."""

    def __init__(self, db: Database, clients: list[Client], ballast: Path, *, seconds: float) -> None:
        self.db, self.clients, self.ballast, self._seconds = db, clients, ballast, seconds
        self.not_now = 0
        self.healthy = 0.0
        self.wrong: list[str] = []

    def live(self, between: Callable[[], None]) -> None:
        """Some ops while there is space, some while there is none; `between` looks at it then, and afterwards helps."""
        for client in self.clients * 6:
            self._once(client)
        if self.not_now:
            self.wrong.append("not answered although there is space")
        self._fill()
        calls_max = CALLS_MAX[self.db.dialect]
        for number in range(calls_max):
            self._once(self.clients[number % len(self.clients)])
            if self.not_now >= NOT_NOW or self.wrong:
                break
        else:
            self.wrong.append(f"{calls_max} calls on a full volume, of which {self.not_now} were refused")
        between()
        self._wait()

    def _fill(self) -> None:
        with suppress(OSError), self.ballast.open("wb") as file:  # it may be too full for the file itself
            while True:
                file.write(bytes(65_536))
                file.flush()
        with suppress(OSError), self.ballast.open("ab", buffering=0) as file:
            while file.write(bytes(512)):
                pass

    def _once(self, client: Client) -> bool:
        try:
            client.heard(one(self.db, client.op()))
        except Unavailable as error:
            self.not_now += 1
            if self.db.dialect == "sqlite" and "is full" not in error.detail:
                self.wrong.append(f"said of a full disk: {error.detail}")
            return False
        except AccordError as error:
            self.wrong.append(f"{client.op().id}: {error.status}: {type(error).__name__}: {error.detail}")
        return True

    def _wait(self) -> None:
        """There is space again: everybody is answered soon."""
        began = time.monotonic()
        for client in self.clients:
            while not self._once(client):
                if time.monotonic() - began > self._seconds:
                    self.wrong.append(f"not answered {self._seconds:.0f} s after there was space again")
                    return
                time.sleep(0.02)
        self.healthy = time.monotonic() - began


def _careless_commit(_db: Database, connection: sa.Connection) -> None:
    """Take the guard away: whatever the database says at the end, it is taken for a yes."""
    try:
        connection.commit()
    except Exception:  # noqa: BLE001 - that is the carelessness
        with suppress(Exception):
            connection.rollback()


def _on_file(rounds: int, seed: int, volume: Path) -> Outcome:
    db = open_database(f"sqlite:///{volume / 'accord.db'}")
    try:
        upgrade(db)
        clients = _clients(seed, company.begin(db))
        codes: list[int] = []

        def look() -> None:
            promises.promises(db)  # what is there can still be read
            codes.append(_command_line(db, clients[0]))
            ballast.unlink()

        ballast = volume / "ballast"
        done = [_Round(db, clients, ballast, seconds=0.0) for _ in range(rounds)]
        for one_round in done:
            one_round.live(look)
        wrong = [words for one_round in done for words in one_round.wrong]
        wrong += [f"`accord commit` ended with {code}, not 7" for code in codes if code != 7]
        return _outcome(seed, done, wrong + judge(db, clients))
    finally:
        db.close()


def _command_line(db: Database, client: Client) -> int:
    date = date_of(client.today + 5)
    words = f"1 {company.STOCKED[0]} by {date.day} {date:%b} {date.year}".lower()
    accord = Path(sys.executable).with_name("accord")
    ran = subprocess.run(
        [accord, "commit", words, "--yes", "--db", db.url], capture_output=True, text=True, timeout=60
    )
    return ran.returncode


def _on_server(rounds: int, seed: int, volume: Path) -> Outcome:
    log_folder = volume / "pg_wal"
    log_folder.mkdir()
    volume.chmod(0o755)
    settings = {**crashing.SAFE, "max_wal_size": "24MB", "min_wal_size": "2MB", "wal_recycle": "off"}
    with crashing.server(settings, log_folder=log_folder) as server:
        postgres.create_database(server.url, "accord")
        db = open_database(postgres.on_database(server.url, "accord"))
        try:
            upgrade(db)
            clients = _clients(seed, company.begin(db))
            ballast = volume / "ballast"

            def empty() -> None:
                ballast.unlink()
                server.kill()  # it may have given up: whoever looks after it starts it again

            done = [_Round(db, clients, ballast, seconds=HEALTHY_SECONDS_MAX) for _ in range(rounds)]
            for one_round in done:
                one_round.live(empty)
            wrong = [words for one_round in done for words in one_round.wrong]
            return _outcome(seed, done, wrong + judge(db, clients))
        finally:
            db.close()


def _clients(seed: int, today: int) -> list[Client]:
    return [Client(f"c{n}", random.Random(f"{seed} {n}"), today) for n in range(CLIENTS)]


def _outcome(seed: int, rounds: list[_Round], wrong: list[str]) -> Outcome:
    return Outcome(
        count=len(rounds),
        failures=tuple(f"seed {seed}: {words}" for words in wrong[:20]),
        facts={
            "acknowledged": sum(len(client.answered) for client in rounds[0].clients),
            "answered with 503": sum(one_round.not_now for one_round in rounds),
            "healthy_ms_max": round(max(one_round.healthy for one_round in rounds) * 1_000),
            "volumes mounted": 1,
        },
    )


# --- the process with the volume ---


def _tried(engine: str, rounds: int, seed: int, say: Say, *, careless: bool = False) -> Outcome:
    said = subprocess.run(
        ["unshare", "--mount", sys.executable, "-m", "prove.full_disks", engine, str(rounds), str(seed), str(int(careless))],
        cwd=ROOT, stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    if said.returncode:
        raise RuntimeError("a small volume could not be mounted and filled: this needs root on Linux")
    outcome = msgspec.json.decode(said.stdout, type=Outcome)
    say(f"  {outcome.count} rounds, {outcome.facts}")
    return outcome


def main(engine: str, rounds: int, seed: int, careless: bool) -> int:
    """One go on a volume of its own; the outcome on standard output."""
    guard = mock.patch.object(Database, "_commit", _careless_commit) if careless else nullcontext()
    with _volume(VOLUME_BYTES[engine]) as volume, guard:
        outcome = (_on_file if engine == "sqlite" else _on_server)(rounds, seed, volume)
    os.write(1, msgspec.json.encode(outcome))
    return 0


def _piece(engine: str, what: str) -> Piece:
    return Piece(
        id=f"R8-{engine}",
        claim=f"When {what} is full callers are told so, nothing acknowledged is lost, and it goes on when there is space.",
        fault=(
            "A small volume (tmpfs) is mounted and filled to the last byte under three clients, until six calls were refused, then emptied. "
            + (
                "Callers see 503 that says that the disk is full, the command line ends with 7, and what is there can be read."
                if engine == "sqlite"
                else "PostgreSQL gives up; callers see 503; it is started again when there is space."
            )
        ),
        unit="rounds",
        sizes=Sizes(test=1, prove=3, release=50),
        chunk=3,
        run=lambda count, seed, say: _tried(engine, count, seed, say),
        control=lambda seed, say: _tried(engine, 1, seed, say, careless=True),
        control_words="Whatever the database says to COMMIT is taken for a yes.",
        is_slow=engine == "postgresql",
        needs_root=True,
        not_covered="It needs root, to mount; where it cannot, R6 fills a disk that is not real.",
    )


PIECES = (
    _piece("sqlite", "the volume of the database file"),
    _piece("postgresql", "the volume of PostgreSQL's write-ahead log"),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), careless=sys.argv[4] == "1"))
