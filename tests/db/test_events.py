"""What happened, in one order: nothing is skipped, nothing comes twice, whoever commits late."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import pytest
from tests.waiting import until_somebody_waits

from accord.db import events, outbox
from accord.db import tx as tx_module
from accord.db.engine import Database, open_database
from accord.db.events import after, is_waiting, publish
from accord.db.migrations import upgrade
from accord.db.outbox import Message, add, mark_sent, prune_sent
from accord.db.schema import outbox as outbox_table
from accord.db.tx import Tx
from accord.kit.errors import Fault, InputError


def message(id: str, subject: str = "", *, first: bool = False) -> Message:
    return Message(id=id, topic="PromiseHeld", subject=subject or id, body=b"{}", first=first)


def tell(db: Database, *messages: Message) -> None:
    with db.write() as tx:
        add(tx, messages)


def seen(db: Database, position: int = 0, limit: int = 100) -> list[tuple[int, str]]:
    with db.read() as tx:
        return [(one.position, one.id) for one in after(tx, position, limit)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A clock that stands still until a test moves it."""
    time = [1_000_000_000]
    monkeypatch.setattr(tx_module.Tx, "now", lambda _: time[0])
    return time


@pytest.fixture
def two(pg_url: str) -> Iterator[tuple[Database, Database]]:
    """Two processes' ways to one PostgreSQL: only there can two transactions be open at once."""
    first, second = open_database(pg_url), open_database(pg_url)
    upgrade(first)
    yield first, second
    first.close()
    second.close()


def test_positions_count_from_one_without_gaps(db: Database) -> None:
    tell(db, message("a"), message("b"))
    assert seen(db) == []
    assert is_waiting(db)

    assert publish(db) == 2
    tell(db, message("c"))
    assert publish(db) == 1

    assert not is_waiting(db)
    assert publish(db) == 0
    assert seen(db) == [(1, "a"), (2, "b"), (3, "c")]
    assert seen(db, 1, 1) == [(2, "b")]
    assert seen(db, 3) == []


def test_what_is_published_is_what_was_told(db: Database, clock: list[int]) -> None:
    tell(db, Message(id="m", topic="PromiseHeld", subject="prm_1", body=b'{"a":1}'))
    publish(db)

    with db.read() as tx:
        assert after(tx, 0, 10) == [
            events.Event(
                position=1, id="m", topic="PromiseHeld", subject="prm_1", body=b'{"a":1}', at=clock[0]
            )
        ]


def test_it_is_published_in_pieces_oldest_first(db: Database, clock: list[int]) -> None:
    for number in range(7):
        clock[0] += 1
        tell(db, message(f"m{number}"))

    assert [publish(db, limit=3) for _ in range(4)] == [3, 3, 1, 0]

    assert [id for _position, id in seen(db)] == [f"m{number}" for number in range(7)]


def test_a_subject_keeps_its_order_when_the_clock_went_back(db: Database, clock: list[int]) -> None:
    tell(db, message("a1", "a"))
    clock[0] -= 10
    tell(db, message("a2", "a"), message("b1", "b"))
    clock[0] -= 10
    tell(db, message("a3", "a"))

    while publish(db, limit=1):
        pass

    assert [id for _position, id in seen(db)] == ["a1", "a2", "a3", "b1"]


def test_any_clock_and_any_pieces_keep_every_subjects_order(db: Database, clock: list[int]) -> None:
    chance = random.Random(11)
    told: dict[str, list[str]] = {}
    for number in range(200):
        clock[0] += chance.randint(-50, 60)
        subject = f"s{chance.randrange(9)}"
        told.setdefault(subject, []).append(f"m{number}")
        tell(db, message(f"m{number}", subject))
        if chance.random() < 0.3:
            publish(db, limit=chance.randint(1, 5))
    while publish(db, limit=7):
        pass

    order = [id for _position, id in seen(db, limit=1_000)]
    assert len(order) == len(set(order)) == 200
    for subject, ids in told.items():
        assert [id for id in order if id in ids] == ids, subject


@pytest.mark.postgres
def test_a_late_commit_is_never_skipped(two: tuple[Database, Database]) -> None:
    """An earlier transaction commits after a later one was read: the cursor must still come by it."""
    late, other = two
    with late.write() as tx:
        add(tx, [message("early")])
        tell(other, message("later"))
        publish(other)
        cursor = seen(other)
        assert cursor == [(1, "later")]
    publish(other)

    assert seen(other, cursor[-1][0]) == [(2, "early")]


@pytest.mark.postgres
def test_without_a_position_after_the_commit_it_is_skipped(two: tuple[Database, Database]) -> None:
    """The control: a number taken inside the transaction, as a sequence would give it."""
    late, other = two
    with late.write() as tx:
        tx.execute("INSERT INTO setting (name, value) VALUES ('outbox_position', '9')")
    number = iter(range(1, 10))

    def numbered(tx: Tx, told: str) -> None:
        row = (told, "t", told, 1, b"", 0, 0, 0, None, None, None, next(number))
        tx.insert(outbox_table, [row])

    with late.write() as tx:
        numbered(tx, "early")
        with other.write() as second:
            numbered(second, "later")
        cursor = seen(other)
        assert cursor == [(2, "later")]

    assert seen(other, cursor[-1][0]) == []  # and "early" was never seen


@pytest.mark.postgres
def test_two_publishers_take_turns(two: tuple[Database, Database]) -> None:
    first, second = two
    tell(first, message("a"))
    counts: list[int] = []
    with first.write() as tx:
        assert events._publish(tx, 10) == 1
        waiting = threading.Thread(target=lambda: counts.append(publish(second)))
        waiting.start()
        until_somebody_waits(first)
        tell(first, message("b"))
    waiting.join(timeout=30)

    assert counts == [1]
    assert seen(first) == [(1, "a"), (2, "b")]


def test_the_database_refuses_the_same_position_twice(db: Database) -> None:
    tell(db, message("a"), message("b"))
    publish(db)

    with pytest.raises(Fault), db.write() as tx:
        tx.execute("UPDATE outbox SET position = 1 WHERE id = 'b'")


@pytest.mark.postgres
def test_writers_that_commit_at_random_are_all_seen_once_and_in_order(
    two: tuple[Database, Database],
) -> None:
    """8 writers that dawdle before they commit, 2 publishers, a reader that goes on from where it was."""
    writers, readers = two
    each, done = 25, threading.Event()

    def write(who: int) -> None:
        chance = random.Random(who)
        for number in range(each):
            with writers.write() as tx:
                add(tx, [message(f"{who}-{number:02}", f"s{who}", first=not number)])
                tx.rows("SELECT pg_sleep(:seconds)", seconds=chance.random() / 100)

    def run_publisher(db: Database) -> None:
        while not done.is_set():
            publish(db, limit=5)

    threads = [threading.Thread(target=write, args=(who,)) for who in range(8)]
    publishers = [threading.Thread(target=run_publisher, args=(db,)) for db in two]
    for thread in [*threads, *publishers]:
        thread.start()
    read: list[tuple[int, str]] = []
    while len(read) < 8 * each and any(thread.is_alive() for thread in [*threads, *publishers]):
        read += seen(readers, read[-1][0] if read else 0, 7)
        if all(not thread.is_alive() for thread in threads) and not is_waiting(readers):
            read += seen(readers, read[-1][0] if read else 0, 1_000)
            break
    done.set()
    for thread in [*threads, *publishers]:
        thread.join(timeout=60)

    assert [position for position, _id in read] == list(range(1, 8 * each + 1))
    for who in range(8):
        assert [id for _position, id in read if id.startswith(f"{who}-")] == [
            f"{who}-{number:02}" for number in range(each)
        ]


def test_who_reads_where_events_were_forgotten_is_told(db: Database, clock: list[int]) -> None:
    tell(db, message("a1", "a"), message("a2", "a"), message("a3", "a"))
    with db.write() as tx:
        mark_sent(tx, ["a1", "a2", "a3"])
        assert prune_sent(tx, clock[0] + 1) == 0  # without a position nobody could have read them
    publish(db)
    with db.write() as tx:
        assert prune_sent(tx, clock[0] + 1) == 2

    with pytest.raises(InputError, match="go on after 2") as told:
        seen(db, 1)
    assert told.value.errors[0].code == "forgotten"
    assert seen(db, 2) == [(3, "a3")]
    tell(db, message("a4", "a"))
    publish(db)
    assert seen(db, 3) == [(4, "a4")]


def test_who_reads_on_where_nothing_was_yet_is_told(db: Database) -> None:
    """After an older backup came back positions begin again: who waited for 6 would never hear of the new 3, 4 and 5."""
    tell(db, message("a"), message("b"))
    publish(db)

    assert seen(db, 2) == []
    with pytest.raises(InputError, match="go on after 2") as told:
        seen(db, 5)
    assert told.value.errors[0].code == "not_there_yet"


def test_pruning_nothing_forgets_nothing(db: Database, clock: list[int]) -> None:
    tell(db, message("a"))
    publish(db)
    with db.write() as tx:
        assert prune_sent(tx, clock[0] + 1) == 0
        assert outbox.backlog(tx).waiting == 1

    assert seen(db) == [(1, "a")]
