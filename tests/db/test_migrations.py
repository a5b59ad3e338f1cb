"""How an older database becomes one of today: whole or not at all, on both engines."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from tests import postgres

import accord
from accord.db import migrations
from accord.db.engine import Database, open_database
from accord.db.migrations import current, head, upgrade, upgrade_in, version_of, versions
from accord.db.schema import metadata
from accord.kit.errors import Unavailable


@pytest.fixture
def empty(db_url: str) -> Iterator[Database]:
    database = open_database(db_url)
    yield database
    database.close()


@pytest.fixture
def other(request: pytest.FixtureRequest, empty: Database, tmp_path: Path) -> Iterator[Database]:
    """Another empty database on the same engine."""
    if empty.dialect == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'other.db'}")
        yield database
        database.close()
        return
    with postgres.database(request.getfixturevalue("pg_server")) as url:
        database = open_database(url)
        yield database
        database.close()


def all_tables() -> None:
    """Import every module that declares tables."""
    root = Path(accord.__file__).parent
    for path in sorted([*root.glob("*/store.py"), *root.glob("*/store/__init__.py")]):
        part = path.relative_to(root).parts[0]
        import_module(f"accord.{part}.store")


def catalogue(db: Database) -> list[tuple[object, ...]]:
    """Everything that the engine says about tables, columns, keys, checks and indexes."""
    with db.read() as tx:
        if db.dialect == "sqlite":
            rows = tx.rows(
                "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name <> 'alembic_version'"
            )
            return sorted((*row[:3], " ".join(str(row[3]).split())) for row in rows)
        return sorted(
            [
                *tx.rows(
                    "SELECT 'column', c.relname, a.attname, a.attnum::text, format_type(a.atttypid, a.atttypmod),"
                    " a.attnotnull::text, coalesce(l.collname, ''), coalesce(pg_get_expr(d.adbin, d.adrelid), '')"
                    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
                    " LEFT JOIN pg_collation l ON l.oid = a.attcollation"
                    " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
                    " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0"
                    " AND c.relname <> 'alembic_version'"
                ),
                *tx.rows(
                    "SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', '', ''"
                    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
                    " AND conrelid::regclass::text <> 'alembic_version'"
                ),
                *tx.rows(
                    "SELECT 'index', tablename, indexname, indexdef, '', '', '', '' FROM pg_indexes"
                    " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
                ),
                *tx.rows(
                    "SELECT 'options', relname, coalesce(array_to_string(reloptions, ','), ''), '', '', '', '', ''"
                    " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
                    " AND relname <> 'alembic_version'"
                ),
            ]
        )


def test_an_empty_database_becomes_one_of_today(empty: Database) -> None:
    assert current(empty) is None

    assert upgrade(empty) == head()

    assert current(empty) == head()
    assert upgrade(empty) == head()


def test_the_steps_lead_to_the_tables_of_the_code(empty: Database, other: Database) -> None:
    """When this fails, tables were changed without a step: `scripts/draft_step.py` writes one."""
    all_tables()
    with other.write() as tx:
        metadata.create_all(tx.connection)

    upgrade(empty)

    assert catalogue(empty) == catalogue(other)
    assert len(catalogue(empty)) > 50


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE setting ADD COLUMN extra text",
        "DROP INDEX ix_audit_subject",
        "CREATE INDEX ix_extra ON setting (value)",
        "DROP TABLE api_key",
    ],
)
def test_a_difference_between_steps_and_tables_is_noticed(
    empty: Database, other: Database, change: str
) -> None:
    """The control of the test above."""
    upgrade(other)
    upgrade(empty)
    with empty.write() as tx:
        tx.execute(change)

    assert catalogue(empty) != catalogue(other)


def test_alembic_agrees_on_the_order_of_the_steps() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(Path(migrations.__file__).parent / "upgrades"))

    assert scripts.get_heads() == [head()]
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(versions())
    for script in scripts.walk_revisions():
        assert Path(script.path).stem == script.revision


def test_asking_for_the_version_needs_no_alembic() -> None:
    words = "import sys; from accord.db import migrations as m; m.head(); print('alembic' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_a_database_of_a_newer_accord_is_left_alone(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as tx:
        tx.execute("UPDATE alembic_version SET version_num = '9999_later'")
    before = catalogue(empty)

    with pytest.raises(Unavailable, match="newer than this program"):
        upgrade(empty)

    assert current(empty) == "9999_later"
    assert catalogue(empty) == before


def test_a_step_that_fails_leaves_nothing(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    run = migrations._run

    def then_fail(*args: object) -> None:
        run(*args)  # type: ignore[arg-type]
        raise ValueError("no")

    monkeypatch.setattr(migrations, "_run", then_fail)
    with pytest.raises(ValueError, match="no"):
        upgrade(empty)

    assert catalogue(empty) == []
    assert current(empty) is None


def test_upgrading_can_be_part_of_a_larger_transaction(empty: Database) -> None:
    with pytest.raises(ValueError, match="no"), empty.write() as tx:
        assert upgrade_in(tx, head()) == head()
        assert version_of(tx) == head()
        raise ValueError("no")

    assert current(empty) is None


def test_two_that_upgrade_at_once_both_find_it_done(db_url: str) -> None:
    databases = [open_database(db_url) for _ in range(3)]
    start = threading.Barrier(3)
    reached: list[str] = []

    def work(db: Database) -> None:
        start.wait(timeout=10)
        reached.append(upgrade(db))

    threads = [threading.Thread(target=work, args=(db,)) for db in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert reached == [head()] * 3
    for db in databases:
        db.close()


_UPGRADE = """
import sys
from accord.db.engine import open_database
from accord.db.migrations import upgrade
from accord.db import migrations
import alembic.command, alembic.op
db = open_database(sys.argv[1])
print("ready", flush=True)
upgrade(db)
"""


def test_a_kill_in_the_middle_leaves_the_old_or_the_new(db_url: str) -> None:
    """Killed after a random time, ten times; whatever is there can be upgraded."""
    chance = random.Random(11)
    seen: set[str | None] = set()
    whole: list[tuple[object, ...]] = []
    for attempt in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", _UPGRADE, db_url], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.06) if attempt else 0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()

        db = open_database(db_url)
        version = _settled(lambda db=db: current(db))  # type: ignore[misc]
        seen.add(version)
        assert version in {None, head()}
        if version is None:
            assert catalogue(db) == []
        upgrade(db)
        whole = whole or catalogue(db)
        assert catalogue(db) == whole
        _empty(db)
        db.close()

    assert None in seen


def _settled(ask: Callable[[], str | None]) -> str | None:
    """The server takes a moment to notice that a client is gone; what it shows then stays."""
    time.sleep(0.05)
    return ask()


def _empty(db: Database) -> None:
    with db.write() as tx:
        for name in [*metadata.tables, "alembic_version"]:
            tx.execute(f'DROP TABLE IF EXISTS "{name}"')
