"""What must still be told: at least once, in order for each subject, on both engines."""

from __future__ import annotations

import random
import threading

import pytest

from accord.db import outbox
from accord.db import tx as tx_module
from accord.db.engine import Database, open_database, retrying
from accord.db.events import publish
from accord.db.failures import Retry
from accord.db.migrations import upgrade
from accord.db.outbox import (
    Backlog,
    Message,
    add,
    backlog,
    mark_sent,
    park,
    prune_sent,
    put_off,
    take,
    unpark,
)
from accord.kit.errors import Fault

_SECOND = 1_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A clock that stands still until a test moves it."""
    time = [1_000 * _SECOND]
    monkeypatch.setattr(tx_module.Tx, "now", lambda _: time[0])
    return time


def message(id: str, subject: str = "prm_1", *, first: bool = False) -> Message:
    return Message(id=id, topic="promise.committed", subject=subject, body=id.encode(), first=first)


def tell(db: Database, *messages: Message) -> None:
    with db.write() as tx:
        add(tx, messages)


def taken(db: Database, limit: int = 10) -> list[str]:
    return [one.id for one in take(db, limit)]


def sent(db: Database, *ids: str) -> int:
    with db.write() as tx:
        return mark_sent(tx, ids)


def test_a_message_is_taken_with_what_was_said(db: Database, clock: list[int]) -> None:
    tell(db, message("m1"))

    assert take(db, 10) == [
        outbox.Taken(
            id="m1", topic="promise.committed", subject="prm_1", subject_seq=1, body=b"m1", created_at=clock[0], attempts=1
        )
    ]  # fmt: skip


def test_a_message_of_a_lost_transaction_is_not_told(db: Database, clock: list[int]) -> None:
    with pytest.raises(ValueError, match="no"), db.write() as tx:
        add(tx, [message("m1")])
        raise ValueError("no")

    assert taken(db) == []


def test_messages_of_one_subject_go_one_after_the_other(db: Database, clock: list[int]) -> None:
    tell(db, message("m1"), message("n1", "prm_2"), message("m2"))
    tell(db, message("m3"), message("m0", "prm_3", first=True))

    assert sorted(taken(db)) == ["m0", "m1", "n1"]
    assert taken(db) == []
    assert sent(db, "n1", "m1") == 2
    assert taken(db) == ["m2"]
    assert sent(db, "m2") == 1
    assert taken(db) == ["m3"]


def test_no_more_are_taken_than_asked_for_oldest_first(db: Database, clock: list[int]) -> None:
    for n in range(5):
        clock[0] += 1
        tell(db, message(f"m{n}", f"prm_{n}"))

    assert taken(db, 2) == ["m0", "m1"]
    assert taken(db, 2) == ["m2", "m3"]


def test_what_is_not_reported_sent_is_told_again_after_its_lease(db: Database, clock: list[int]) -> None:
    tell(db, message("m1"))
    assert taken(db) == ["m1"]

    clock[0] += outbox.LEASE_SECONDS * _SECOND - 1
    assert taken(db) == []
    clock[0] += 1
    again = take(db, 10)
    assert [(one.id, one.attempts) for one in again] == [("m1", 2)]


def test_what_is_put_off_waits_and_says_why(db: Database, clock: list[int]) -> None:
    tell(db, message("m1"), message("m2"))
    taken(db)
    with db.write() as tx:
        put_off(tx, "m1", seconds=300, error="503")

    clock[0] += 299 * _SECOND
    assert taken(db) == []
    clock[0] += _SECOND
    assert taken(db) == ["m1"]
    with db.read() as tx:
        assert tx.rows("SELECT error FROM outbox WHERE id = 'm1'") == [("503",)]


def test_what_is_parked_holds_up_its_subject_only(db: Database, clock: list[int]) -> None:
    tell(db, message("m1"), message("m2"), message("n1", "prm_2"))
    taken(db)
    with db.write() as tx:
        park(tx, "m1", error="410")
        assert backlog(tx) == Backlog(waiting=2, oldest_at=clock[0], parked=1)
    sent(db, "n1")

    clock[0] += 86_400 * _SECOND
    assert taken(db) == []
    with db.write() as tx:
        assert unpark(tx, ["m1", "m2"]) == 1
    assert taken(db) == ["m1"]


def test_a_person_can_say_that_a_parked_one_is_done(db: Database, clock: list[int]) -> None:
    tell(db, message("m1"), message("m2"))
    with db.write() as tx:
        park(tx, "m1", error="410")
    assert taken(db) == []

    assert sent(db, "m1") == 1

    assert taken(db) == ["m2"]


def test_sent_stays_sent(db: Database, clock: list[int]) -> None:
    tell(db, message("m1"))
    assert sent(db, "m1", "absent") == 1
    assert sent(db, "m1") == 0
    with db.write() as tx:
        put_off(tx, "m1", seconds=0, error="late")
        park(tx, "m1", error="late")
        assert unpark(tx, ["m1"]) == 0
        assert backlog(tx) == Backlog(waiting=0, oldest_at=None, parked=0)

    assert taken(db) == []


def test_old_messages_are_forgotten_but_the_last_of_each_subject(db: Database, clock: list[int]) -> None:
    tell(db, message("m1"), message("m2"), message("m3"), message("n1", "prm_2"))
    sent(db, "m1", "m2", "n1")
    publish(db)
    clock[0] += 10

    with db.write() as tx:
        assert prune_sent(tx, clock[0]) == 2
    tell(db, message("m4"), message("n2", "prm_2"))

    with db.read() as tx:
        assert tx.rows("SELECT id, subject_seq FROM outbox ORDER BY id") == [
            ("m3", 3),
            ("m4", 4),
            ("n1", 1),
            ("n2", 2),
        ]


def test_an_id_is_told_once(db: Database, clock: list[int]) -> None:
    tell(db, message("m1"))

    with pytest.raises(Fault):
        tell(db, message("m1", "prm_2"))


def test_a_subject_that_is_not_new_is_tried_again(db: Database, clock: list[int]) -> None:
    tell(db, message("m1"))

    with pytest.raises(Retry):
        tell(db, message("m2", first=True))


@pytest.mark.postgres
def test_two_that_tell_one_subject_at_once_both_get_through(pg_url: str) -> None:
    db = open_database(pg_url)
    upgrade(db)
    both_looked = threading.Barrier(2)
    tries = [0, 0]

    def work(n: int) -> None:
        def step(tx: tx_module.Tx) -> None:
            tries[n] += 1
            if tries[n] == 1:
                tx.rows("SELECT 1")
                both_looked.wait(timeout=10)
            add(tx, [message(f"m{n}")])
            if tries[n] == 1:
                tx.rows("SELECT pg_sleep(0.1)")

        retrying(db, step)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with db.read() as tx:
        assert [seq for (seq,) in tx.rows("SELECT subject_seq FROM outbox ORDER BY subject_seq")] == [1, 2]
    assert sorted(tries) == [1, 2]
    db.close()


def test_senders_that_fail_at_random_tell_everything_in_order(db: Database, clock: list[int]) -> None:
    chance = random.Random(7)
    subjects = 8
    for n in range(120):
        tell(db, message(f"m{n:03}", f"prm_{n % subjects}"))
    received: list[str] = []

    for _ in range(2_000):
        batch = take(db, 5)
        for one in batch:
            fate = chance.random()
            if fate < 0.7:
                received.append(one.id)
            if fate < 0.5:
                sent(db, one.id)
            elif 0.7 < fate < 0.8:
                with db.write() as tx:
                    put_off(tx, one.id, seconds=1, error="no")
        if not batch:
            clock[0] += outbox.LEASE_SECONDS * _SECOND
        with db.read() as tx:
            if backlog(tx).waiting == 0:
                break

    first_times = list(dict.fromkeys(received))
    assert sorted(first_times) == [f"m{n:03}" for n in range(120)]
    for subject in range(subjects):
        mine = [id for id in first_times if int(id[1:]) % subjects == subject]
        assert mine == sorted(mine)


@pytest.mark.postgres
def test_several_senders_never_send_one_subject_at_once(pg_url: str) -> None:
    db = open_database(pg_url)
    upgrade(db)
    for n in range(60):
        tell(db, message(f"m{n:03}", f"prm_{n % 6}"))
    received: list[str] = []
    lock = threading.Lock()

    def send() -> None:
        while True:
            batch = take(db, 4)
            with db.read() as tx:
                if not batch and backlog(tx).waiting == 0:
                    return
            for one in batch:
                with lock:
                    received.append(one.id)
                sent(db, one.id)

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(received) == len(set(received)) == 60
    for subject in range(6):
        mine = [id for id in received if int(id[1:]) % 6 == subject]
        assert mine == sorted(mine)
    db.close()
