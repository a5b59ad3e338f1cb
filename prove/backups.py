"""Is a backup that was made under load whole, and does it hold everything that was acknowledged before it began?"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from accord.db import portable
from accord.db.backup import backup, restore
from accord.db.engine import Database, open_database
from accord.db.migrations import version_of
from accord.kit.errors import AccordError
from accord.promise import service as promises
from accord.simulation.auditor.judge import Auditor
from prove import company, grounds
from prove.client import Answer, Client, Op, call, judge, one
from prove.model import Outcome, Piece, Say, Sizes
from prove.worker import Nursery, Start

CLIENTS = 3
WARM_OPS = 10  # of each client before the first backup
ROUNDS_OF_CONTROL = 6

Keep = Callable[[Database, Path], None]  # makes a backup


class _Caller:
    """One client who goes on while backups are made."""

    def __init__(self, db: Database, client: Client) -> None:
        self._db, self.client = db, client
        self.wrong: list[str] = []

    def live(self, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                self.client.heard(one(self._db, self.client.op()))
        except AccordError as error:
            self.wrong.append(f"{self.client.op().id}: {type(error).__name__}: {error.detail}")


def _accord(*arguments: str) -> None:
    command = [Path(sys.executable).with_name("accord"), *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if ran.returncode:
        raise AccordError(f"`accord {arguments[0]}` ended with {ran.returncode}: {ran.stdout}{ran.stderr}")


def _by_command(db: Database, path: Path) -> None:
    _accord("backup", str(path), "--db", db.url)


def _by_service(db: Database, path: Path) -> None:
    backup(db, path)


def _file_alone(db: Database, path: Path) -> None:
    """Take the guard away: what a person does who copies the file."""
    assert db.path is not None
    shutil.copy(db.path, path)


def _without_snapshot(db: Database, path: Path) -> None:
    """Take the guard away: each table is read as it is when its turn comes."""
    careless = open_database(db.url)
    careless._reader = careless._writer
    try:
        backup(careless, path)
    finally:
        careless.close()


def _backed_up(engine: str, rounds: int, seed: int, say: Say, ways: tuple[Keep, ...]) -> Outcome:
    wrong: list[str] = []
    held = 0
    with (
        grounds.fresh(engine) as url,
        tempfile.TemporaryDirectory(prefix="accord-backups-") as folder,
        grounds.opened(url) as db,
    ):
        today = company.begin(db)
        callers = [_Caller(db, Client(f"c{n}", random.Random(f"{seed} {n}"), today)) for n in range(CLIENTS)]
        for number in range(rounds):
            if wrong:
                break
            with _under_load(callers, WARM_OPS * (number + 1)):
                before = [dict(caller.client.answered) for caller in callers]
                kept = Path(folder) / f"{number}.backup"
                try:
                    ways[number % len(ways)](db, kept)
                except AccordError as error:
                    wrong.append(f"round {number}: {error.detail}")
                    break
            known = {id: both for answers in before for id, both in answers.items()}
            held += len(known)
            # A portable backup goes into either engine.
            target = engine if engine == "sqlite" or number % 2 == 0 else "sqlite"
            with _empty(target) as new:
                try:
                    found = _restored(new, kept, known)
                except Exception as error:  # noqa: BLE001 - whatever a damaged copy leads to
                    found = [f"{type(error).__name__}: {error}"]
            wrong += [f"round {number}, into {target}: {words}" for words in found[:5]]
            wrong += [words for caller in callers for words in caller.wrong]
    say(f"  {rounds} rounds, {held:,} answers that the backups had to hold")
    return Outcome(
        count=rounds,
        failures=tuple(f"seed {seed}: {words}" for words in wrong[:20]),
        facts={"answers held": held},
    )


@contextmanager
def _under_load(callers: list[_Caller], ops: int) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=caller.live, args=(stop,)) for caller in callers]
    for thread in threads:
        thread.start()
    try:
        while any(len(caller.client.answered) < ops and not caller.wrong for caller in callers):
            time.sleep(0.005)
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def _empty(engine: str) -> Iterator[str]:
    """A database with nothing in it, not even a schema."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="accord-restored-") as folder:
            yield f"sqlite:///{Path(folder) / 'restored.db'}"
    else:
        from tests import postgres

        with postgres.database(grounds.postgresql()) as url:
            yield url


def _restored(url: str, kept: Path, known: dict[str, tuple[Op, Answer]]) -> list[str]:
    """What is wrong with what a backup becomes."""
    restore(url, kept)
    with grounds.opened(url) as db:
        wrong = [f"verify: {one.key}: {one.what}: {one.detail}" for one in promises.verify(db).findings]
        with db.read() as tx:
            now = tx.now()
            if db.dialect == "sqlite":
                wrong += [str(row[0]) for row in tx.rows("PRAGMA integrity_check") if row[0] != "ok"]
        wrong += [
            f"auditor: {v.rule}: {v.subject}: {v.detail}" for v in Auditor(db, lambda: now).audit(whole=True)
        ]
        ops = [op for op, _ in known.values()]
        for start in range(0, len(ops), 50):
            for answer in call(db, ops[start : start + 50]):
                if isinstance(answer, AccordError):
                    wrong.append(f"what was acknowledged is answered with {answer.detail}")
                elif answer.proof != known[answer.id][1].proof:
                    wrong.append(f"{answer.id} was acknowledged before the backup began and is not in it")
    return wrong


def _piece(engine: str, careless: Keep, words: str) -> Piece:
    name = engine.lower()
    return Piece(
        id=f"R18-{name}",
        claim=f"A backup of {engine} that is made under load holds everything acknowledged before it began, and restores whole.",
        fault=(
            "Three clients go on while a backup is made, in turn by `accord backup` in another process and by the service in this one; it is restored "
            + ("into a new file" if name == "sqlite" else "in turn into PostgreSQL and into a SQLite file")
            + ", verified, audited, and every answer of before is asked for again."
        ),
        unit="rounds",
        sizes=Sizes(test=2, prove=6, release=50),
        chunk=2,
        run=lambda count, seed, say: _backed_up(name, count, seed, say, (_by_command, _by_service)),
        control=lambda seed, say: _backed_up(name, ROUNDS_OF_CONTROL, seed, say, (careless,)),
        control_words=words,
        is_slow=True,
    )


# --- killed while it is made, or while it is brought back ---


def _killed(engine: str, kills: int, seed: int, say: Say, *, is_careless: bool = False) -> Outcome:
    chance = random.Random(seed)
    wrong: list[str] = []
    cut = 0
    with (
        Nursery() as nursery,
        grounds.fresh(engine) as url,
        tempfile.TemporaryDirectory(prefix="accord-backups-") as folder,
    ):
        with grounds.opened(url) as db:
            client = Client("c", random.Random(seed), company.begin(db))
            for _ in range(WARM_OPS):
                client.heard(one(db, client.op()))
        whole = Path(folder) / "whole.backup"
        for number in range(kills):
            if wrong and is_careless:
                break
            kept = Path(folder) / f"{number}.backup"
            if number == 0:
                backup_seconds = _seconds(nursery, Start(url=url, backup=str(whole)))
                with _empty(engine) as new:
                    restore_seconds = _seconds(nursery, Start(url=new, restore=str(whole)))
            if is_careless:
                cut += _cut_off(whole, kept, chance)
            else:
                cut += _kill(
                    nursery, Start(url=url, backup=str(kept)), chance.uniform(0, 1.3) * backup_seconds
                )
            with _empty(engine) as new:
                if kept.exists():
                    wrong += [f"kill {number}: {words}" for words in _whole(new, kept, client)]
            with _empty(engine) as new:
                cut += _kill(
                    nursery, Start(url=new, restore=str(whole)), chance.uniform(0, 1.3) * restore_seconds
                )
                wrong += [f"kill {number}: {words}" for words in _whole(new, whole, client)]
    say(f"  {2 * kills} kills, {cut} before it was done; {len(wrong)} failures")
    return Outcome(
        count=kills,
        failures=tuple(f"seed {seed}: {words}" for words in wrong[:20]),
        facts={"killed before it was done": cut},
    )


def _seconds(nursery: Nursery, start: Start) -> float:
    """How long it takes when nobody disturbs it."""
    began = time.monotonic()
    worker = nursery.worker(start)
    if worker.hear(until=began + 60) is None:
        raise AccordError("a process that keeps or fills a database ended by itself; its words are above")
    worker.close()
    return time.monotonic() - began


def _kill(nursery: Nursery, start: Start, seconds: float) -> bool:
    """Kill it after so long; whether it was not done."""
    worker = nursery.worker(start)
    said = worker.hear(until=time.monotonic() + seconds)
    worker.close()
    return said is None


def _cut_off(whole: Path, kept: Path, chance: random.Random) -> bool:
    """Take the guard away: a backup that has its name before it is whole."""
    content = whole.read_bytes()
    kept.write_bytes(content[: chance.randrange(len(content))])
    return True


def _whole(url: str, kept: Path, client: Client) -> list[str]:
    """What is wrong with a database that is empty or restored, after a backup is restored where it is empty."""
    try:
        with grounds.opened(url) as db, db.read() as tx:
            is_empty = version_of(tx) is None and not portable.tables_of(tx)
        if is_empty:
            restore(url, kept)
        with grounds.opened(url) as db:
            return judge(db, [client])
    except Exception as error:  # noqa: BLE001 - whatever half a file leads to
        return [f"{type(error).__name__}: {error}"]


def _killed_piece(engine: str) -> Piece:
    name = engine.lower()
    return Piece(
        id=f"R18-killed-{name}",
        claim=f"A backup or restore of {engine} that is killed leaves nothing half done: the next try succeeds.",
        fault=(
            "A process that makes a backup, then one that restores, gets SIGKILL at a random moment. A backup that has its name must restore whole; a "
            "database that was being restored must be empty or whole."
        ),
        unit="pairs of kills",
        sizes=Sizes(test=2, prove=50, release=200),
        chunk=25,
        run=lambda count, seed, say: _killed(name, count, seed, say),
        control=lambda seed, say: _killed(name, 2, seed, say, is_careless=True),
        control_words="A backup has its name before it is whole.",
        is_slow=True,
    )


PIECES = (
    _piece("SQLite", _file_alone, "The file is copied."),
    _piece("PostgreSQL", _without_snapshot, "Each table is read as it is when its turn comes."),
    _killed_piece("SQLite"),
    _killed_piece("PostgreSQL"),
)
