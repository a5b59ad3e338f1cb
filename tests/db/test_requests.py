"""Whether a request was answered before: the same on both engines."""

from __future__ import annotations

import threading

import pytest

from accord.db import tx as tx_module
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.db.requests import (
    Changed,
    Claim,
    Claimed,
    Reply,
    StoredReply,
    claim,
    prune_replies,
    record_reply,
    unclaim,
)
from accord.kit.errors import Fault


def one(id: str, terms: str = "t", actor: str = "anna") -> Claim:
    return Claim(id, terms, actor)


def answer(db: Database, *ids: str) -> None:
    with db.write() as tx:
        claim(tx, [one(id) for id in ids])
        record_reply(
            tx, [Reply(id=id, status=200, reply=f"reply {id}".encode(), decision_id="dec") for id in ids]
        )


def stored(db: Database, id: str) -> StoredReply:
    with db.write() as tx:
        found = claim(tx, [one(id)])[id]
    assert isinstance(found, StoredReply)
    return found


def test_a_new_id_is_claimed(db: Database) -> None:
    with db.write() as tx:
        assert claim(tx, [one("b"), one("a")]) == {"b": Claimed("b"), "a": Claimed("a")}
        assert claim(tx, []) == {}


def test_an_id_with_the_same_terms_has_its_answer(db: Database) -> None:
    answer(db, "a")

    found = stored(db, "a")

    assert (found.status, found.reply, found.decision_id, found.actor) == (200, b"reply a", "dec", "anna")


def test_an_id_with_other_terms_is_changed_and_its_neighbours_are_not(db: Database) -> None:
    answer(db, "a", "b")

    with db.write() as tx:
        found = claim(tx, [one("c"), one("b", "other"), one("a")])

    assert [type(found[id]) for id in "abc"] == [StoredReply, Changed, Claimed]


def test_a_claim_whose_transaction_is_lost_was_never_made(db: Database) -> None:
    with pytest.raises(ValueError, match="no"), db.write() as tx:
        claim(tx, [one("a")])
        raise ValueError("no")

    with db.write() as tx:
        assert claim(tx, [one("a")]) == {"a": Claimed("a")}


def test_an_id_twice_in_a_batch_is_a_fault(db: Database) -> None:
    with pytest.raises(Fault, match="twice"), db.write() as tx:
        claim(tx, [one("a"), one("a")])


def test_a_claim_that_was_never_answered_is_a_fault(db: Database) -> None:
    with db.write() as tx:
        claim(tx, [one("a")])

    with pytest.raises(Fault, match="never answered"), db.write() as tx:
        claim(tx, [one("a")])


def test_an_answer_belongs_to_a_claim(db: Database) -> None:
    with pytest.raises(Fault, match="0 of 1"), db.write() as tx:
        record_reply(tx, [Reply(id="a", status=200, reply=b"")])


def test_pruning_forgets_bodies_and_keeps_ids(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_database(sqlite_url)
    upgrade(db)
    for at, id in ((100, "a"), (200, "b")):
        monkeypatch.setattr(tx_module, "wall_clock", lambda at=at: at)
        answer(db, id)

    with db.write() as tx:
        assert prune_replies(tx, 200) == 1
        assert prune_replies(tx, 200) == 0

    assert (stored(db, "a").reply, stored(db, "a").decision_id) == (None, "dec")
    assert stored(db, "b").reply == b"reply b"
    with db.write() as tx:
        assert claim(tx, [one("a", "other")]) == {"a": Changed("a")}
    db.close()


def test_pruning_goes_in_pieces_oldest_first(db: Database) -> None:
    answer(db, "a")
    answer(db, "b", "c")

    with db.write() as tx:
        later = tx.now() + 1
        assert [prune_replies(tx, later, limit=2) for _ in range(3)] == [2, 1, 0]


def test_an_id_that_was_given_back_can_be_claimed_again_and_an_answered_one_cannot_be_given_back(
    db: Database,
) -> None:
    answer(db, "a")
    with db.write() as tx:
        claim(tx, [one("a"), one("b")])
        unclaim(tx, ["a", "b"])
        unclaim(tx, [])

    with db.write() as tx:
        found = claim(tx, [one("a"), one("b")])
    assert isinstance(found["a"], StoredReply)
    assert found["b"] == Claimed("b")


def test_two_hundred_ids_are_claimed_in_one_go(db: Database) -> None:
    answer(db, *[f"r{n}" for n in range(0, 200, 2)])

    with db.write() as tx:
        found = claim(tx, [one(f"r{n}") for n in range(200)])

    assert [type(found[f"r{n}"]) for n in range(200)] == [StoredReply, Claimed] * 100


# --- two at once ---


def somebody_waits(db: Database) -> bool:
    """Whether a transaction of this database waits for a lock."""
    with db.read() as tx:
        # The server's own view of its connections.
        return bool(
            tx.rows(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
        )


def race(db: Database, second_terms: str, *, first_commits: bool) -> object:
    """The first holds a claim while the second asks for the same id; what the second sees."""
    asking = threading.Event()
    seen: list[object] = []

    def second() -> None:
        with db.write() as tx:
            asking.set()
            seen.append(claim(tx, [one("a", second_terms), one("b")])["a"])

    thread = threading.Thread(target=second)
    try:
        with db.write() as tx:
            claim(tx, [one("a")])
            thread.start()
            asking.wait(timeout=5)
            while not somebody_waits(db):
                assert not seen
            record_reply(tx, [Reply(id="a", status=200, reply=b"first")])
            if not first_commits:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    thread.join(timeout=10)
    return seen[0]


@pytest.mark.postgres
def test_a_second_claimant_waits_and_reads_the_first_ones_answer(pg_db: Database) -> None:
    seen = race(pg_db, "t", first_commits=True)

    assert isinstance(seen, StoredReply)
    assert seen.reply == b"first"


@pytest.mark.postgres
def test_a_second_claimant_with_other_terms_waits_and_is_told(pg_db: Database) -> None:
    assert race(pg_db, "other", first_commits=True) == Changed("a")


@pytest.mark.postgres
def test_a_second_claimant_gets_the_id_when_the_first_is_lost(pg_db: Database) -> None:
    assert race(pg_db, "t", first_commits=False) == Claimed("a")
