"""Two at once cannot take the same ten pumps; each guard alone is enough; without any they do, and that is found.

The interleaving is forced: both processes have read and decided before either writes, if nothing keeps them from it.
"""

from __future__ import annotations

import multiprocessing
from typing import NamedTuple

import pytest

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import supply_changed
from accord.kit.days import local_day
from accord.ledger.model import Item, Site, node_key
from accord.promise.service import verify
from accord.simulation.auditor.judge import Auditor
from tests.simulation.contenders import contend

PUMPS = 10

pytestmark = pytest.mark.slow


class Outcome(NamedTuple):
    """What came of a race."""

    answers: list[str]  # of each contender, sorted
    tries: int  # how often the ledger was about to be written
    drawn: int  # of the ten pumps
    words: list[str]


def race(db: Database, *broken: str, contenders: int = 2) -> Outcome:
    """Ten pumps, and two processes that want all of them, meeting between read and write."""
    with db.read() as tx:
        now = tx.now()
    on = local_day(now, "UTC") + 1
    masters = [Item(id="pump", name="Pump"), Site(id="Halden", name="Halden")]
    supply_changed(db, [MasterStated(record=record) for record in masters], actor="erp", id="masters")  # type: ignore[arg-type]
    supply_changed(
        db, [Counted(item="pump", site="Halden", quantity=PUMPS, as_of=now)], actor="erp", id="stock"
    )
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(contenders), context.Queue()
    processes = [
        context.Process(target=contend, args=(db.url, f"c{n}", "pump", PUMPS, on, broken, barrier, answers))
        for n in range(contenders)
    ]
    for process in processes:
        process.start()
    found = sorted(answers.get(timeout=60) for _ in processes)
    for process in processes:
        process.join(timeout=30)
        assert process.exitcode == 0
    with db.read() as tx:
        # All draws in force on the pumps.
        drawn = tx.rows(
            "SELECT coalesce(sum(quantity), 0) FROM ledger_draw WHERE key = :key AND version_to IS NULL",
            key=node_key("pump", "Halden"),
        )[0][0]  # fmt: skip
    return Outcome(
        sorted(answer for _, answer, _, _ in found),
        sum(tries for _, _, tries, _ in found),
        int(drawn),
        [words for *_, words in found],
    )


def test_two_at_once_share_what_there_is(db: Database) -> None:
    outcome = race(db)

    assert outcome.answers == ["cannot_promise", "promised"]
    assert outcome.drawn == PUMPS
    assert verify(db).findings == ()


@pytest.mark.postgres
def test_without_the_lock_both_get_all_of_it_and_only_verification_finds_it(pg_db: Database) -> None:
    """The control. The CHECK sees the summary of the last writer, who knew of nobody else: it cannot help here."""
    outcome = race(pg_db, "lock")

    assert outcome.answers == ["promised", "promised"]
    assert outcome.drawn == 2 * PUMPS
    assert {finding.what for finding in verify(pg_db).findings} >= {"profile_differs"}
    with pg_db.read() as tx:
        now = tx.now()
    assert {violation.rule for violation in Auditor(pg_db, lambda: now).audit()} >= {"profile", "I2"}


def test_a_file_keeps_two_writers_apart_by_its_one_lock_even_where_we_take_none(sqlite_db: Database) -> None:
    """The control on a file: BEGIN IMMEDIATE is the lock. Without it, and without the claim that is a write as well,
    both read the same; then SQLite itself refuses to let the second write on what it read, and it is told to try again."""
    outcome = race(sqlite_db, "lock", "claim", "immediate")

    assert outcome.answers == ["promised", "unavailable"], outcome.words
    assert outcome.tries == 2, "both came to the point of writing"
    assert outcome.drawn == PUMPS


@pytest.mark.parametrize(
    ("broken", "answers"),
    [
        (("gate",), ["cannot_promise", "promised"]),
        (("decision",), ["fault", "promised"]),
        (("decision", "gate"), ["constraint_broken", "promised"]),
    ],
    ids=["the decision", "the gate", "the CHECK"],
)
def test_under_the_lock_each_guard_alone_is_enough(
    db: Database, broken: tuple[str, ...], answers: list[str]
) -> None:
    outcome = race(db, *broken)

    assert outcome.answers == answers, outcome.words
    assert outcome.drawn == PUMPS
    assert verify(db).findings == ()
