"""Where the ledger is kept: one suite, each database."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import msgspec
import pytest

from accord.db.engine import Database, open_database
from accord.db.failures import ConstraintBroken
from accord.db.migrations import upgrade
from accord.kit.errors import AccordError, Fault
from accord.ledger import store
from accord.ledger.model import (
    Commitment,
    Draw,
    Movement,
    OpenException,
    Profile,
    State,
    Supply,
    SupplyKind,
    Why,
    node_key,
    resource_key,
)
from accord.ledger.store import keys as key_store

A, B, C = (node_key(item, "main") for item in ("a", "b", "c"))


def profile(key: str, version: int, **fields: object) -> Profile:
    return Profile(key=key, version=version, **fields)  # type: ignore[arg-type]


def supply(key: str, id: str, quantity: int = 10, **fields: object) -> Supply:
    return Supply(key=key, id=id, kind=SupplyKind.purchase, quantity=quantity, on=739_000, **fields)  # type: ignore[arg-type]


def draw(key: str, id: str, **fields: object) -> Draw:
    given: dict[str, object] = {"owner": "com_1", "promise": "prm_1", "on": 739_001, "quantity": 4, **fields}
    return Draw(key=key, id=id, **given)  # type: ignore[arg-type]


def commitment(key: str, id: str, **fields: object) -> Commitment:
    given: dict[str, object] = {
        "promise": "prm_1", "line": 0, "item": "a", "site": "main", "quantity": 4, "ship_on": 739_001,
        "deliver_on": 739_003, "state": State.committed, **fields,
    }  # fmt: skip
    return Commitment(key=key, id=id, **given)  # type: ignore[arg-type]


def exception(key: str, id: str, commitment: str = "com_1") -> OpenException:
    return OpenException(
        key=key, id=id, commitment=commitment, cause="cau_1", owner="planner", opened_at=1_000, short=3
    )


# --- keys ---


def test_a_key_that_is_locked_first_is_there_empty(db: Database) -> None:
    with db.write() as tx:
        assert store.lock(tx, [B, A, B]) == {A: Profile(key=A), B: Profile(key=B)}
    with db.read() as tx:
        assert store.read(tx, [A, C]) == {A: Profile(key=A), C: Profile(key=C)}
        assert store.every_key(tx, "", 10) == [(Profile(key=A), 0), (Profile(key=B), 0)]


def test_locked_keys_come_in_key_order(db: Database) -> None:
    with db.write() as tx:
        assert list(store.lock(tx, [C, A, B])) == [A, B, C]
        assert list(store.lock(tx, [B, C])) == [B, C]


def test_a_profile_comes_back_as_it_was_written(db: Database) -> None:
    whole = Profile(
        key=A,
        version=7,
        supply=((739_000, 10, "sup_1", "PO 1", 0), (739_010, 5, "sup_2", "", 739_400)),
        draws=((739_001, 0, 4),),
        next_expiry_at=5_000,
        planned_on=739_002,
        rolled_to=739_000,
        latest_at=4_000,
        shortfall_max=2,
    )
    with db.write() as tx:
        store.lock(tx, [A])
        store.write_keys(tx, [(whole, -2)])

    with db.read() as tx:
        assert store.read(tx, [A]) == {A: whole}
        assert store.read_rows(tx, [A, B]) == {A: store.KeyRow(whole, -2)}
        assert store.keys_expiring(tx, 4_999, 10) == []
        assert store.keys_expiring(tx, 5_000, 10) == [A]
        assert store.keys_to_roll(tx, 739_001, "", 10) == [A]
        assert store.keys_to_roll(tx, 739_000, "", 10) == []


def test_every_key_comes_in_pages_that_meet(db: Database) -> None:
    names = sorted(node_key(f"i{n}", "main") for n in range(25))
    with db.write() as tx:
        store.lock(tx, names)

    seen: list[str] = []
    with db.read() as tx:
        while page := store.every_key(tx, seen[-1] if seen else "", 10):
            seen += [row.key for row, _ in page]

    assert seen == names


@pytest.mark.parametrize(
    ("lowest", "shortfall_max", "constraint"),
    [(-1, 0, "ck_ledger_key_covered"), (-6, 5, "ck_ledger_key_covered"), (1, -1, "ck_ledger_key_shortfall")],
)
def test_the_database_refuses_a_key_that_is_not_covered(
    db: Database, lowest: int, shortfall_max: int, constraint: str
) -> None:
    with db.write() as tx:
        store.lock(tx, [A])

    with pytest.raises(ConstraintBroken) as refused, db.write() as tx:
        store.write_keys(tx, [(profile(A, 1, shortfall_max=shortfall_max), lowest)])

    assert refused.value.constraint == constraint
    with db.read() as tx:
        assert store.every_key(tx, "", 10) == [(Profile(key=A), 0)]


def test_the_database_takes_a_key_that_is_exactly_covered(db: Database) -> None:
    with db.write() as tx:
        store.lock(tx, [A])
        store.write_keys(tx, [(profile(A, 1, shortfall_max=5), -5)])

    with db.read() as tx:
        assert store.every_key(tx, "", 10) == [(profile(A, 1, shortfall_max=5), -5)]


def test_a_key_that_is_not_there_cannot_be_written(db: Database) -> None:
    with pytest.raises(Fault, match="0 of 1"), db.write() as tx:
        store.write_keys(tx, [(profile(A, 1), 0)])


def test_a_key_made_by_a_lost_transaction_is_made_again(db: Database) -> None:
    with pytest.raises(ValueError, match="lost"), db.write() as tx:
        store.lock(tx, [A])
        store.lock(tx, [A])
        raise ValueError("lost")

    def work() -> dict[str, Profile]:
        with db.write() as tx:
            return store.lock(tx, [A])

    try:
        locked = work()
    except key_store.Retry:
        locked = work()
    assert locked == {A: Profile(key=A)}


@pytest.mark.postgres
def test_a_lock_waits_for_the_transaction_that_holds_it(pg_db: Database) -> None:
    with pg_db.write() as tx:
        store.lock(tx, [A, B])
    order: list[str] = []
    asking = threading.Event()

    def second() -> None:
        with pg_db.write() as tx:
            asking.set()
            seen = store.lock(tx, [B, C])
            order.append(f"second sees version {seen[B].version}")

    with pg_db.write() as first:
        store.lock(first, [A, B])
        thread = threading.Thread(target=second)
        thread.start()
        asking.wait(timeout=10)
        _wait_until_somebody_waits(pg_db)
        store.write_keys(first, [(profile(B, 1), 0)])
        order.append("first is done")
    thread.join(timeout=10)

    assert order == ["first is done", "second sees version 1"]


@pytest.mark.postgres
def test_without_the_lock_the_second_sees_what_is_no_longer_true(pg_db: Database) -> None:
    """The control of the test above: the same steps with a read in place of the lock."""
    with pg_db.write() as tx:
        store.lock(tx, [A, B])

    with pg_db.write() as first:
        store.lock(first, [A, B])
        with pg_db.write() as second:
            seen = store.read(second, [B])
        store.write_keys(first, [(profile(B, 1), 0)])

    assert seen[B].version == 0


@pytest.mark.postgres
def test_two_that_make_the_same_keys_do_not_wait_in_a_circle(pg_db: Database) -> None:
    names = [node_key(f"i{n}", "main") for n in range(40)]
    start = threading.Barrier(4)
    failed: list[BaseException] = []

    def work(own: list[str]) -> None:
        start.wait(timeout=10)
        try:
            with pg_db.write() as tx:
                store.lock(tx, own)
        except (AccordError, key_store.Retry) as error:
            failed.append(error)

    threads = [
        threading.Thread(target=work, args=(own,)) for own in (names, names[::-1], names[::2], names[1::2])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert failed == []
    with pg_db.read() as tx:
        assert len(store.every_key(tx, "", 100)) == 40


def _wait_until_somebody_waits(db: Database) -> None:
    for _ in range(2_000):
        with db.read() as tx:
            if tx.rows(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ):
                return
    raise AssertionError("nobody waits for a lock")


@pytest.fixture
def pg_db(pg_url: str) -> Iterator[Database]:
    database = open_database(pg_url)
    upgrade(database)
    yield database
    database.close()


# --- rows ---

FULL_SUPPLY = supply(
    A, "sup_1", due_on=738_999, released=False, proposed_by="prm_9", expires_at=77, lot_quantity=12, lot_on=739_002,
    ref='PO "4711" \\ é', status="blocked", lot="L{1},NULL", expires_on=739_500, counts=Why.doubtful,
    doubts=(A, B), as_of=5, sequence=6,
)  # fmt: skip
FULL_DRAW = draw(A, "drw_1", sequence=2**62, expires_at=9, life_days=30, feeds=B)
FULL_COMMITMENT = commitment(A, "com_1", state=State.held, fulfilled=4, opening=True, made_at=8)


@pytest.mark.parametrize("copies", [1, 30])
def test_rows_come_back_as_they_were_written(db: Database, copies: int) -> None:
    def many(row: object) -> list[tuple[object, int]]:
        return [(msgspec.structs.replace(row, id=f"{row.id}{n:02}"), 3) for n in range(copies)]  # type: ignore[arg-type, attr-defined]

    changes = store.Changes(
        new_supplies=many(FULL_SUPPLY),  # type: ignore[arg-type]
        new_draws=many(FULL_DRAW),  # type: ignore[arg-type]
        new_commitments=many(FULL_COMMITMENT),  # type: ignore[arg-type]
    )
    with db.write() as tx:
        store.apply(tx, changes)

    with db.read() as tx:
        assert store.supplies(tx, [A, B]) == [row for row, _ in changes.new_supplies]
        assert store.draws(tx, [A, B]) == [row for row, _ in changes.new_draws]
        assert store.commitments(tx, [A, B]) == [row for row, _ in changes.new_commitments]
        assert store.supplies(tx, []) == []


def test_rows_can_be_read_as_they_were_at_any_version(db: Database) -> None:
    one, two = supply(A, "s", 10), supply(A, "s", 12)
    with db.write() as tx:
        store.apply(
            tx, store.Changes(new_supplies=[(one, 1), (supply(B, "s"), 4)], new_draws=[(draw(A, "d"), 2)])
        )
    with db.write() as tx:
        store.apply(
            tx,
            store.Changes(
                ended_supplies=[(A, "s", 3)], new_supplies=[(two, 3)], ended_draws=[(A, "d", 5)],
                new_commitments=[(commitment(A, "c"), 5)],
            ),
        )  # fmt: skip

    with db.read() as tx:
        at = [(store.supplies_at(tx, [(A, v)]), store.draws_at(tx, [(A, v)])) for v in range(7)]
        assert at == [
            ([], []), ([one], []), ([one], [draw(A, "d")]), ([two], [draw(A, "d")]), ([two], [draw(A, "d")]),
            ([two], []), ([two], []),
        ]  # fmt: skip
        assert store.supplies_at(tx, [(B, 9), (A, 1)]) == [one, supply(B, "s")]
        assert store.supplies(tx, [A]) == [two]
        assert store.draws(tx, [A]) == []
        assert store.commitments_at(tx, [(A, 4)]) == []
        assert store.commitments_at(tx, [(A, 5)]) == [commitment(A, "c")]


def test_a_row_may_be_made_and_ended_in_the_same_batch(db: Database) -> None:
    with db.write() as tx:
        store.apply(tx, store.Changes(new_draws=[(draw(A, "d", quantity=1), 1)]))
        store.apply(
            tx,
            store.Changes(
                ended_draws=[(A, "d", 2), (A, "d", 3), (A, "e", 4)],
                new_draws=[(draw(A, "d", quantity=2), 2), (draw(A, "d", quantity=3), 3), (draw(A, "e"), 3)],
            ),
        )

    with db.read() as tx:
        assert [[d.quantity for d in store.draws_at(tx, [(A, v)])] for v in range(1, 5)] == [
            [1],
            [2],
            [3, 4],
            [3],
        ]
        assert store.draws(tx, [A]) == [draw(A, "d", quantity=3)]


@pytest.mark.parametrize("ended", [(A, "absent", 2), (B, "d", 2)])
def test_what_is_not_in_force_cannot_end(db: Database, ended: tuple[str, str, int]) -> None:
    with db.write() as tx:
        store.apply(tx, store.Changes(new_draws=[(draw(A, "d"), 1)]))

    with pytest.raises(Fault, match="0 of 1"), db.write() as tx:
        store.apply(tx, store.Changes(ended_draws=[ended]))


def test_what_ended_cannot_end_again(db: Database) -> None:
    with db.write() as tx:
        store.apply(tx, store.Changes(new_draws=[(draw(A, "d"), 1)]))
        store.apply(tx, store.Changes(ended_draws=[(A, "d", 2)]))

    with pytest.raises(Fault, match="0 of 1"), db.write() as tx:
        store.apply(tx, store.Changes(ended_draws=[(A, "d", 3)]))


def test_two_rows_of_one_id_are_never_in_force_together(db: Database) -> None:
    with pytest.raises(ConstraintBroken), db.write() as tx:
        store.apply(tx, store.Changes(new_draws=[(draw(A, "d"), 1), (draw(A, "d"), 2)]))


@pytest.mark.parametrize(
    "changes",
    [
        store.Changes(new_supplies=[(supply(A, "s", -1), 1)]),
        store.Changes(new_draws=[(draw(A, "d", quantity=0), 1)]),
        store.Changes(new_commitments=[(commitment(A, "c", fulfilled=-1), 1)]),
        store.Changes(new_commitments=[(commitment(A, "c", fulfilled=5), 1)]),
    ],
)
def test_the_database_refuses_impossible_quantities(db: Database, changes: store.Changes) -> None:
    with pytest.raises(ConstraintBroken), db.write() as tx:
        store.apply(tx, changes)


def test_rows_are_found_by_owner_promise_and_proposal(db: Database) -> None:
    mine, other = draw(A, "d1"), draw(B, "d2", owner="rcp_1", promise=None, feeds=C)
    proposed = supply(C, "rcp_1", proposed_by="prm_1")
    with db.write() as tx:
        store.apply(
            tx,
            store.Changes(
                new_draws=[(mine, 1), (other, 1), (draw(C, "d3"), 1)], ended_draws=[(C, "d3", 2)],
                new_supplies=[(proposed, 1), (supply(A, "s"), 1)], new_commitments=[(commitment(A, "com_1"), 1)],
            ),
        )  # fmt: skip

    with db.read() as tx:
        assert store.draws_of_owners(tx, ["com_1", "rcp_1"]) == [mine, other]
        assert store.draws_feeding(tx, ["rcp_1"]) == [other]
        assert store.draws_of_promises(tx, ["prm_1", "prm_2"]) == [mine]
        assert store.supplies_proposed_by(tx, ["prm_1"]) == [proposed]
        assert store.commitments_of_promises(tx, ["prm_1"]) == [commitment(A, "com_1")]
        assert store.commitments_named(tx, ["com_1", "com_2"]) == [commitment(A, "com_1")]
        assert store.node_detail(tx, A) == ([supply(A, "s")], [commitment(A, "com_1")])


def test_news_reads_what_is_open_of_a_key_however_much_was_delivered(db: Database) -> None:
    done = [commitment(A, f"com_{n}", state=state) for n, state in enumerate(State) if not state.is_open]
    held, firm = (commitment(A, f"com_z{state.value}", state=state) for state in State if state.is_open)
    with db.write() as tx:
        store.apply(tx, store.Changes(new_commitments=[(row, 1) for row in [*done, held, firm]]))

    with db.read() as tx:
        assert sorted(row.id for row in store.open_commitments(tx, [A])) == sorted([held.id, firm.id])
        assert len(store.commitments(tx, [A])) == len(done) + 2


def test_what_a_key_feeds_is_told_once_a_node(db: Database) -> None:
    rows = [
        draw(A, f"d{n}", owner=f"rcp_{n}", promise=None, feeds=node) for n, node in enumerate([C, B, C, None])
    ]
    with db.write() as tx:
        store.apply(tx, store.Changes(new_draws=[(row, 1) for row in rows]))

    with db.read() as tx:
        assert store.feeds(tx, [A, B]) == {A: (B, C)}


def test_what_expires_is_over_at_its_very_moment(db: Database) -> None:
    held = [
        draw(A, "d1", expires_at=10),
        draw(A, "d2", expires_at=20),
        draw(B, "d3", expires_at=10),
        draw(A, "d4"),
    ]
    proposed = supply(A, "rcp_1", expires_at=15)
    with db.write() as tx:
        store.apply(tx, store.Changes(new_draws=[(row, 1) for row in held], new_supplies=[(proposed, 1)]))

    with db.read() as tx:
        assert store.expiring(tx, [A], 9) == []
        assert store.expiring(tx, [A], 10) == [held[0]]
        assert store.expiring_supplies(tx, [A], 14) == []
        assert store.expiring_supplies(tx, [A], 15) == [proposed]
        assert store.next_expiries(tx, [A, B, C], 9) == {A: 10, B: 10, C: None}
        assert store.next_expiries(tx, [A, B], 10) == {A: 15, B: None}
        assert store.next_expiries(tx, [A], 15) == {A: 20}


def test_a_movement_counts_once_however_often_it_is_told(db: Database) -> None:
    came, left = (
        Movement(key=A, id="m1", at=5, quantity=7, lot="L"),
        Movement(key=A, id="m2", at=6, quantity=-2),
    )
    with db.write() as tx:
        assert store.add_movements(tx, [came]) == ["m1"]
    with db.write() as tx:
        assert store.add_movements(tx, [came, left]) == ["m2"]
        assert store.add_movements(tx, []) == []

    with db.read() as tx:
        assert store.movements_after(tx, [(A, 4)]) == [came, left]
        assert store.movements_after(tx, [(A, 5), (B, 0)]) == [left]


def test_commitments_come_in_pages(db: Database) -> None:
    rows = [commitment(A if n % 2 else B, f"com_{n:02}") for n in range(7)]
    with db.write() as tx:
        store.apply(tx, store.Changes(new_commitments=[(row, 1) for row in rows]))

    with db.read() as tx:
        assert store.commitments_page(tx, limit=4) == rows[:4]
        assert store.commitments_page(tx, after="com_03", limit=4) == rows[4:]
        assert store.commitments_page(tx, key=A) == rows[1::2]
        assert store.commitments_page(tx, state="held") == []


# --- master data ---


def test_master_data_is_read_as_it_was_at_any_version(db: Database) -> None:
    with db.write() as tx:
        assert store.graph_version(tx) == 0
        assert store.put_records(tx, [("item", "a", b"1"), ("site", "s", b"1")]) == 1
    with db.write() as tx:
        assert store.put_records(tx, [("item", "a", b"2"), ("item", "b", b"1"), ("site", "s", b"1")]) == 2
    with db.write() as tx:
        assert store.put_records(tx, [], [("item", "b"), ("item", "absent")]) == 3

    with db.read() as tx:
        assert [store.records(tx, version) for version in range(4)] == [
            [],
            [("item", "a", b"1"), ("site", "s", b"1")],
            [("item", "a", b"2"), ("item", "b", b"1"), ("site", "s", b"1")],
            [("item", "a", b"2"), ("site", "s", b"1")],
        ]
        assert store.graph_version(tx) == 3


def test_what_does_not_change_makes_no_version(db: Database) -> None:
    with db.write() as tx:
        store.put_records(tx, [("item", "a", b"1")])
    with db.write() as tx:
        assert store.put_records(tx, [("item", "a", b"1")], [("item", "absent")]) == 1
        assert store.put_records(tx, []) == 1
        assert tx.rows("SELECT count(*) FROM ledger_record") == [(1,)]


def test_a_record_that_came_back_is_in_force_again(db: Database) -> None:
    with db.write() as tx:
        store.put_records(tx, [("item", "a", b"1")])
        store.put_records(tx, [], [("item", "a")])
        assert store.put_records(tx, [("item", "a", b"1")]) == 3

        assert [store.records(tx, version) for version in (1, 2, 3)] == [
            [("item", "a", b"1")],
            [],
            [("item", "a", b"1")],
        ]


def test_a_record_is_named_once_in_a_change(db: Database) -> None:
    with pytest.raises(Fault, match="twice"), db.write() as tx:
        store.put_records(tx, [("item", "a", b"1")], [("item", "a")])


# --- exceptions and causes ---


@pytest.mark.parametrize("others", [0, 12])
def test_a_commitment_has_one_open_exception_at_most(db: Database, others: int) -> None:
    more = [exception(A, f"exc_9{n}", f"com_9{n}") for n in range(others)]
    with db.write() as tx:
        store.open_many(tx, [exception(A, "exc_1")])

    with pytest.raises(ConstraintBroken), db.write() as tx:
        store.open_many(tx, [*more, exception(A, "exc_2")])

    with db.write() as tx:
        store.close_many(tx, [(A, "exc_1", 2_000, "covered again")])
        store.open_many(tx, [exception(A, "exc_2")])
    with db.read() as tx:
        closed = msgspec.structs.replace(exception(A, "exc_1"), closed_at=2_000, closed_why="covered again")
        assert store.open_exceptions(tx, [A, B]) == [exception(A, "exc_2")]
        assert store.list_exceptions(tx, open_only=False) == [closed, exception(A, "exc_2")]
        assert store.list_exceptions(tx) == [exception(A, "exc_2")]
        assert store.list_exceptions(tx, "exc_1", 1, open_only=False) == [exception(A, "exc_2")]


def test_an_exception_closes_once(db: Database) -> None:
    with db.write() as tx:
        store.open_many(tx, [exception(A, "exc_1")])
        store.close_many(tx, [(A, "exc_1", 2_000, "covered again")])

    with pytest.raises(Fault, match="0 of 1"), db.write() as tx:
        store.close_many(tx, [(A, "exc_1", 3_000, "again")])


def test_an_exception_has_an_owner(db: Database) -> None:
    with pytest.raises(ConstraintBroken), db.write() as tx:
        store.open_many(tx, [msgspec.structs.replace(exception(A, "exc_1"), owner="")])


def test_news_is_kept_once(db: Database) -> None:
    with db.write() as tx:
        assert store.cause_of_news(tx, "n1") is None
        store.add_cause(tx, "cau_1", 5, "Counted", b"[]", "erp", "n1")

    with pytest.raises(ConstraintBroken), db.write() as tx:
        store.add_cause(tx, "cau_2", 6, "Counted", b"[]", "erp", "n1")
    with db.read() as tx:
        assert store.cause_of_news(tx, "n1") == store.Cause("cau_1", 5, "Counted", b"[]", "erp", "n1")


def test_a_key_says_its_kind_in_its_row(db: Database) -> None:
    with db.write() as tx:
        store.lock(tx, [A, resource_key("line"), resource_key("line", overtime=True)])

        assert tx.rows("SELECT key, kind FROM ledger_key ORDER BY key") == [
            (A, "node"), ("overtime:line", "resource"), ("resource:line", "resource"),
        ]  # fmt: skip
