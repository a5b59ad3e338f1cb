"""What is a database whose upgrade was killed?"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from accord.db import portable
from accord.db.engine import open_database
from accord.db.migrations import head, upgrade, version_of
from accord.db.tx import Tx
from accord.kit.errors import AccordError
from prove import grounds
from prove.model import Outcome, Piece, Say, Sizes
from prove.worker import Nursery, Start

TOGETHER = 0.3  # how often a second process upgrades at the same time
KILLS_OF_CONTROL = 100  # it stops at the first one that is noticed

Tables = set[tuple[str, ...]]


def _tables(tx: Tx) -> Tables:
    """The tables that are there, each with its columns and indexes."""
    return {
        (table.name, *table.columns.keys(), *sorted(str(index.name) for index in table.indexes))
        for table in portable.tables_of(tx)
    }


@contextmanager
def _nothing(engine: str) -> Iterator[str]:
    """A database that was never opened."""
    from tests import postgres

    with ExitStack() as stack:
        if engine == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="accord-upgraded-"))
            yield f"sqlite:///{Path(folder) / 'accord.db'}"
        else:
            yield stack.enter_context(postgres.database(grounds.postgresql()))


def _killed(engine: str, kills: int, seed: int, say: Say, *, without: str = "") -> Outcome:
    chance = random.Random(seed)
    wrong: list[str] = []
    inside = 0
    with Nursery() as nursery:
        with _nothing(engine) as url:
            whole = _upgraded(url)
            took = _seconds(nursery, engine, without)
        tried = 0
        while tried < kills and not (without and wrong):  # the control needs only one
            number, tried = tried, tried + 1
            with _nothing(engine) as url:
                workers = [nursery.worker(Start(url=url, without=without))]
                if chance.random() < TOGETHER and not without:
                    workers.append(nursery.worker(Start(url=url)))
                began = time.monotonic()
                said = workers[0].hear(until=began + chance.uniform(0, 1.2) * took)
                workers[0].kill()
                if said is not None:  # one slow first run would put most kills after the end
                    took = min(took, time.monotonic() - began)
                inside += said is None
                for other in workers[1:]:
                    answer = other.hear(until=time.monotonic() + 60)
                    if answer is None or answer.error:
                        wrong.append(f"kill {number}: the other process: {answer}")
                try:
                    wrong += [f"kill {number}: {words}" for words in _looked_at(url, whole)]
                except AccordError as error:
                    wrong.append(f"kill {number}: {type(error).__name__}: {error.detail}")
                for worker in workers:
                    worker.close()
    say(f"  {tried} kills, {inside} before it was done; {len(wrong)} failures")
    return Outcome(
        count=tried,
        failures=tuple(f"seed {seed}: {words}" for words in wrong[:20]),
        facts={"killed before it was done": inside},
    )


def _seconds(nursery: Nursery, engine: str, without: str) -> float:
    """How long it takes when nobody disturbs it."""
    with _nothing(engine) as url:
        began = time.monotonic()
        worker = nursery.worker(Start(url=url, without=without))
        worker.hear(until=began + 60)
        took = time.monotonic() - began
        worker.close()
        return took


def _upgraded(url: str) -> Tables:
    """The tables of a database that was upgraded in peace."""
    with grounds.opened(url) as db:
        upgrade(db)
        with db.read() as tx:
            return _tables(tx)


def _looked_at(url: str, whole: Tables) -> Iterator[str]:
    """What is wrong: it is as it was, or as it should be, and can be brought there."""
    db = open_database(url)
    try:
        with db.read() as tx:
            version, tables = version_of(tx), _tables(tx)
        if (version, tables) not in ((None, set()), (head(), whole)):
            yield f"half done: version {version}, {len(tables)} of {len(whole)} tables"
        try:
            upgrade(db)
        except Exception as error:  # noqa: BLE001 - whatever half an upgrade leads to
            yield f"cannot be upgraded any more: {str(error).splitlines()[0]}"
        else:
            with db.read() as tx:
                if (version_of(tx), _tables(tx)) != (head(), whole):
                    yield "is not whole after another upgrade"
    finally:
        db.close()


def _piece(engine: str) -> Piece:
    name = engine.lower()
    return Piece(
        id=f"R17-{name}",
        claim=f"On {engine} an upgrade that is killed leaves the database as it was, and the next one completes it.",
        fault=(
            "A process opens a database that has no schema and upgrades it; it gets SIGKILL at a random moment between its start and "
            "a little after it is done; sometimes a second process upgrades at the same time and must succeed."
        ),
        unit="kills",
        sizes=Sizes(test=4, prove=100, release=400),
        chunk=50,
        run=lambda count, seed, say: _killed(name, count, seed, say),
        control=lambda seed, say: _killed(name, KILLS_OF_CONTROL, seed, say, without="one transaction"),
        control_words="Each statement of the upgrade is committed by itself.",
        is_slow=name == "postgresql",
        not_covered="There is one schema so far: there is no older one with data to come from.",
    )


PIECES = (_piece("SQLite"), _piece("PostgreSQL"))
