"""What can be done inside one transaction: the same on both engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.db import tx as tx_module
from accord.db.engine import Database, open_database
from accord.db.failures import ConstraintBroken
from accord.kit.errors import Fault

bag = sa.Table(
    "bag",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("amount", sa.BigInteger),
    sa.Column("day", sa.Integer),
    sa.Column("small", sa.SmallInteger),
    sa.Column("firm", sa.Boolean),
    sa.Column("body", sa.LargeBinary),
    sa.Column("note", sa.String(50)),
)
Row = tuple[object, ...]


@pytest.fixture
def db(db_url: str) -> Iterator[Database]:
    database = open_database(db_url)
    with database.write() as tx:
        bag.metadata.create_all(tx.connection)
    yield database
    database.close()


def row(id: str, amount: int | None = 1, **given: object) -> Row:
    fields: dict[str, object] = {"day": 2, "small": 3, "firm": True, "body": b"\x00", "note": "n", **given}
    return (id, amount, *fields.values())


def everything(db: Database) -> list[Row]:
    with db.read() as tx:
        return tx.rows("SELECT * FROM bag ORDER BY id")


# --- time ---


def test_time_goes_on_inside_a_transaction(db: Database) -> None:
    with db.write() as tx:
        first = tx.now()
        second = tx.now()

    assert first <= second
    assert abs(second - tx_module.wall_clock()) < 60_000_000


def test_on_sqlite_the_clock_can_be_simulated(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_database(sqlite_url)
    monkeypatch.setattr(tx_module, "wall_clock", lambda: 42)

    with db.write() as tx:
        assert tx.now() == 42
    db.close()


# --- statements in words ---


def test_parameters_are_named_and_texts_stay_as_they_are(db: Database) -> None:
    with db.read() as tx:
        found = tx.rows(
            "SELECT CAST(:a AS text), ':a it''s 100%', 7 % CAST(:n AS int), CAST(:a AS text) LIKE 'x%'",
            a="xy",
            n=4,
        )

    assert [(a, b, c, bool(d)) for a, b, c, d in found] == [("xy", ":a it's 100%", 3, True)]


@pytest.mark.parametrize("keys", [[], ["b"], ["c", "a", "x"], ["a'b", '"', "\\", "{a,b}", "NULL", "é", ""]])
def test_rows_in_finds_the_rows_of_any_keys(db: Database, keys: list[str]) -> None:
    ids = ["a", "b", "c", "a'b", '"', "\\", "{a,b}", "NULL", "é", ""]
    with db.write() as tx:
        tx.insert(bag, [row(id) for id in ids])

        found = tx.rows_in(
            "SELECT id FROM bag WHERE id IN (:keys) AND amount = :amount ORDER BY id", keys, amount=1
        )

    assert sorted(id for (id,) in found) == sorted(set(keys) & set(ids))


def test_rows_in_takes_whole_numbers(db: Database) -> None:
    with db.write() as tx:
        tx.insert(bag, [row("a", 2**62), row("b", -5), row("c", None)])

        assert tx.rows_in("SELECT id FROM bag WHERE amount IN (:keys) ORDER BY id", [2**62, -5, 9]) == [
            ("a",),
            ("b",),
        ]


def test_rows_in_takes_a_hundred_thousand_keys(db: Database) -> None:
    with db.write() as tx:
        tx.insert(bag, [row("k99999")])

        assert tx.rows_in("SELECT id FROM bag WHERE id IN (:keys)", [f"k{n}" for n in range(100_000)]) == [
            ("k99999",)
        ]


def test_a_statement_for_keys_says_where_they_go(db: Database) -> None:
    with pytest.raises(Fault, match="IN \\(:keys\\)"), db.read() as tx:
        tx.rows_in("SELECT id FROM bag", ["a"])


def test_changes_are_counted(db: Database) -> None:
    with db.write() as tx:
        tx.insert(bag, [row("a"), row("b"), row("c")])

        assert tx.execute("UPDATE bag SET amount = :n WHERE id <> 'a'", n=9) == 2
        assert tx.execute_in("DELETE FROM bag WHERE id IN (:keys)", ["a", "b", "x"]) == 2


def test_given_rows_can_be_joined_in_their_order(db: Database) -> None:
    with db.write() as tx:
        tx.insert(bag, [row("a", 1), row("b", 2)])

        found = tx.rows_of(
            "SELECT given.id, given.note, bag.amount FROM (:rows) AS given LEFT JOIN bag ON bag.id = given.id"
            " AND bag.amount = given.amount AND bag.day = :day",
            bag,
            ("id", "note", "amount"),
            [("b", 'x"', 2), ("a", None, 9), ("c", "{}", None)],
            day=2,
        )

    assert sorted(found) == [("a", None, None), ("b", 'x"', 2), ("c", "{}", None)]


def test_for_update_is_said_on_both_engines(db: Database) -> None:
    with db.write() as tx:
        tx.insert(bag, [row("a")])

        assert tx.rows("SELECT id FROM bag ORDER BY id FOR UPDATE") == [("a",)]
        assert tx.rows("SELECT id FROM bag ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED") == [("a",)]


def test_a_long_answer_comes_in_pieces(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tx_module, "_STREAM_ROWS", 10)
    with db.write() as tx:
        tx.insert(bag, [row(f"{n:02}") for n in range(25)])
    with db.read() as tx:
        sizes = []
        for piece in tx.stream("SELECT id FROM bag WHERE amount = :n ORDER BY id", n=1):
            sizes.append(len(piece))
            assert tx.rows("SELECT count(*) FROM bag") == [(25,)]  # others may be asked between the pieces
            assert len(list(tx.stream("SELECT id FROM bag"))) == 3

    assert sizes == [10, 10, 5]


def test_a_statement_that_cannot_be_meant_is_an_error_at_once(db: Database) -> None:
    with pytest.raises(Exception, match="absent"), db.read() as tx:
        tx.rows("SELECT * FROM absent")


# --- many rows ---

whole = st.integers(-(2**63), 2**63 - 1)
words = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
values = st.tuples(
    st.none() | whole,
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.integers(-(2**15), 2**15 - 1),
    st.none() | st.booleans(),
    st.none() | st.binary(max_size=30),
    st.none() | words,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(words, values, max_size=12), st.data())
def test_whatever_is_inserted_and_updated_is_read_back(
    db: Database, rows: dict[str, Row], data: st.DataObject
) -> None:
    with db.write() as tx:
        tx.execute("DELETE FROM bag")
        tx.insert(bag, [(id, *rest) for id, rest in rows.items()])
    assert _by_id(everything(db)) == rows

    changed = {id: data.draw(values) for id in rows if data.draw(st.booleans())}
    with db.write() as tx:
        tx.update_many(
            bag, ("id",), ("amount", "day", "small", "firm", "body", "note"),
            [(id, *rest) for id, rest in changed.items()],
        )  # fmt: skip
    assert _by_id(everything(db)) == {**rows, **changed}


def _by_id(rows: list[Row]) -> dict[str, Row]:
    # SQLite has no truth values of its own.
    return {str(r[0]): (*r[1:4], None if r[4] is None else bool(r[4]), *r[5:]) for r in rows}


@pytest.mark.parametrize("count", [1, 7, 8, 9, 300])
def test_rows_may_be_mappings_of_some_columns(db: Database, count: int) -> None:
    with db.write() as tx:
        tx.insert(bag, [{"note": str(n), "id": f"{n:03}"} for n in range(count)])

    assert everything(db) == [(f"{n:03}", None, None, None, None, None, str(n)) for n in range(count)]


def test_mappings_name_the_same_columns(db: Database) -> None:
    with pytest.raises(Fault, match="different columns"), db.write() as tx:
        tx.insert(bag, [{"id": "a"}, {"id": "b", "note": "x"}])


def test_nothing_is_inserted_or_updated_without_a_statement(db: Database) -> None:
    with db.write() as tx:
        tx.insert(bag, [])
        tx.update_many(bag, ("id",), ("note",), [])

    assert everything(db) == []


@pytest.mark.parametrize("count", [2, 30])
def test_a_key_twice_refuses_all_of_them(db: Database, count: int) -> None:
    with pytest.raises(ConstraintBroken), db.write() as tx:
        tx.insert(bag, [row(f"{n:02}") for n in range(count)] + [row("01")])

    assert everything(db) == []


def test_updating_what_is_not_there_is_a_fault(db: Database) -> None:
    with db.write() as tx:
        tx.insert(bag, [row("a")])

    with pytest.raises(Fault, match="1 of 2 rows of bag"), db.write() as tx:
        tx.update_many(bag, ("id",), ("amount",), [("a", 5), ("b", 6)])

    assert everything(db)[0][1] == 1


def test_only_rows_that_are_still_open_are_updated(db: Database) -> None:
    with db.write() as tx:
        tx.insert(bag, [row("a", None), row("b", 7)])
        tx.update_many(bag, ("id",), ("amount",), [("a", 5)], while_null="amount")

    with pytest.raises(Fault, match="0 of 1"), db.write() as tx:
        tx.update_many(bag, ("id",), ("amount",), [("b", 5)], while_null="amount")
    assert [r[:2] for r in everything(db)] == [("a", 5), ("b", 7)]


def test_rows_are_found_by_several_key_columns(db: Database) -> None:
    with db.write() as tx:
        tx.insert(bag, [row("a", 1), row("b", 2)])
        tx.update_many(bag, ("id", "amount"), ("note", "day"), [("b", 2, "x", 9), ("a", 1, "y", 8)])

    assert [(r[0], r[6], r[2]) for r in everything(db)] == [("a", "y", 8), ("b", "x", 9)]


def test_a_type_that_cannot_be_written_in_bulk_is_a_fault() -> None:
    odd = sa.Table("odd", sa.MetaData(), sa.Column("at", sa.DateTime))

    with pytest.raises(Fault, match=r"odd\.at"):
        tx_module._insert_plan(odd, ("at",))


def test_the_schema_of_sqlalchemy_sees_the_same_transaction(db: Database) -> None:
    with db.write() as tx:
        tx.insert(bag, [row("a")])

        assert tx.connection.execute(sa.select(bag.c.id)).all() == [("a",)]
