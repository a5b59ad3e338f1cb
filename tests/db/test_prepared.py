"""What the server has prepared outlives a transaction that was given up: giving up is ordinary."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accord.db import engine
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade


def prepared(db: Database) -> set[str]:
    """What the server keeps prepared for the connection that is used next."""
    with db.read() as tx:
        # Every statement of this connection; a view of the server's.
        return {sql for (sql,) in tx.rows("SELECT statement FROM pg_prepared_statements ORDER BY name")}


def given_up(db: Database) -> None:
    """A transaction that ends in an exception."""
    with pytest.raises(ZeroDivisionError), db.write() as tx:
        for n in range(8):  # the driver prepares what it was told a few times
            tx.rows("SELECT :n * 2", n=n)
        raise ZeroDivisionError


@pytest.fixture
def postgres(pg_url: str) -> Iterator[Database]:
    """A database of the server's: SQLite's driver keeps its statements by itself."""
    db = open_database(pg_url)
    upgrade(db)
    yield db
    db.close()


@pytest.mark.postgres
def test_a_transaction_that_is_given_up_leaves_what_was_prepared(postgres: Database) -> None:
    given_up(postgres)

    assert any("* 2" in sql for sql in prepared(postgres))


@pytest.mark.postgres
def test_control_the_driver_by_itself_forgets_all_of_it(
    postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_roll_back_alone", lambda driver: None)

    given_up(postgres)

    assert not any("* 2" in sql for sql in prepared(postgres))


def test_a_transaction_that_is_given_up_leaves_no_rows_and_a_usable_connection(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), db.write() as tx:
        tx.execute("INSERT INTO setting (name, value) VALUES ('x', '1')")
        raise ZeroDivisionError
    with db.write() as tx:
        tx.execute("INSERT INTO setting (name, value) VALUES ('y', '2')")

    with db.read() as tx:
        # Both, by primary key.
        assert tx.rows("SELECT name FROM setting WHERE name IN ('x', 'y')") == [("y",)]
