"""The schema can be spread over several databases by key: read from what the code declares, and from a real PostgreSQL.

The rules: a table of the ledger has the shard key first in its primary key, every unique index and foreign key includes
it, there are no triggers, no sequences and no functions, and rows of the ledger are locked in one place.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from tests.db.test_migrations import all_tables

from accord.db.engine import Database, open_database, retrying
from accord.db.migrations import upgrade
from accord.db.schema import metadata
from accord.db.tx import Tx
from accord.ledger import store as ledger

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src" / "accord"

# Which column spreads a table; every other table has one home, or a copy everywhere.
SPREAD = {
    "ledger_key": "key",
    "ledger_supply": "key",
    "ledger_draw": "key",
    "ledger_commitment": "key",
    "ledger_movement": "key",
    "ledger_exception": "key",
    "request": "id",
    "decision": "id",
    "promise": "id",
    "approval": "id",
    "audit": "chain_id",
    "audit_chain": "id",
}
# Tables of the ledger that are not spread by its key, and why.
EXCEPTIONS = {
    "ledger_record": "master data: every node needs all of it, so each has a copy",
    "ledger_cause": "news is about many keys at once, and its id must be unique over all of them",
}


class Key(msgspec.Struct, frozen=True):
    """A key of a table: which columns it has, in their order."""

    table: str
    kind: str  # "primary", "unique", "foreign"
    name: str
    columns: tuple[str, ...]


def broken(keys: Iterable[Key], spread: dict[str, str] = SPREAD) -> list[str]:
    """What breaks the rules of a schema that is spread, in words."""
    found = []
    for key in keys:
        column = spread.get(key.table)
        if column is None:
            if key.table.startswith("ledger_") and key.table not in EXCEPTIONS:
                found.append(f"{key.table} is of the ledger and not spread")
        elif key.kind == "primary" and key.columns[:1] != (column,):
            found.append(f"{key.table}: the primary key does not begin with {column}")
        elif column not in key.columns:
            found.append(f"{key.table}: {key.name} does not include {column}")
    return sorted(set(found))


# --- what the code declares ---


def declared() -> Iterator[Key]:
    all_tables()
    for table in metadata.sorted_tables:
        yield Key(table.name, "primary", "primary key", tuple(table.primary_key.columns.keys()))
        for index in table.indexes:
            if index.unique:
                yield Key(table.name, "unique", str(index.name), tuple(index.columns.keys()))
        for one in table.constraints:
            if isinstance(one, sa.UniqueConstraint):
                yield Key(table.name, "unique", str(one.name), tuple(one.columns.keys()))
            elif isinstance(one, sa.ForeignKeyConstraint):
                yield Key(table.name, "foreign", str(one.name), tuple(one.column_keys))


def test_what_is_declared_can_be_spread() -> None:
    keys = list(declared())

    assert {key.table for key in keys} >= {*SPREAD, *EXCEPTIONS}
    assert broken(keys) == []


@pytest.mark.parametrize("table", EXCEPTIONS)
def test_an_exception_is_one(table: str) -> None:
    assert broken(declared(), {**SPREAD, table: "key"}) != []


# --- what PostgreSQL has ---


def catalogue(db: Database) -> list[Key]:
    """Every primary key, unique index and foreign key, as PostgreSQL's own catalogue says it."""
    with db.read() as tx:
        indexes = tx.rows(
            "SELECT t.relname, i.relname, x.indisprimary, array_agg(a.attname::text ORDER BY k.place)"
            " FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid"
            " JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'"
            " CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(number, place)"
            " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number"
            " WHERE x.indisunique GROUP BY 1, 2, 3 ORDER BY 1, 2"
        )
        foreign = tx.rows(
            "SELECT t.relname, c.conname, array_agg(a.attname::text ORDER BY k.place)"
            " FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
            " CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(number, place)"
            " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number"
            " WHERE c.contype = 'f' GROUP BY 1, 2 ORDER BY 1, 2"
        )
    return [
        *(
            Key(table, "primary" if primary else "unique", name, tuple(columns))
            for table, name, primary, columns in indexes
        ),
        *(Key(table, "foreign", name, tuple(columns)) for table, name, columns in foreign),
    ]


def programs(db: Database) -> list[str]:
    """What the database does by itself: triggers, functions, sequences; each by its name."""
    with db.read() as tx:
        found = tx.rows(
            "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal"
            " UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " UNION ALL SELECT relname::text FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
        )
    return sorted(name for (name,) in found)


@pytest.mark.postgres
def test_what_postgresql_has_can_be_spread(pg_db: Database) -> None:
    keys = catalogue(pg_db)

    assert {key.table for key in keys} >= {*SPREAD, *EXCEPTIONS}
    assert broken(keys) == []
    assert programs(pg_db) == []


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        (
            "CREATE TABLE ledger_extra (id text PRIMARY KEY, key text)",
            "ledger_extra is of the ledger and not spread",
        ),
        (
            "ALTER TABLE ledger_movement DROP CONSTRAINT pk_ledger_movement;"
            " ALTER TABLE ledger_movement ADD PRIMARY KEY (id, key)",
            "ledger_movement: the primary key does not begin with key",
        ),
        (
            "CREATE UNIQUE INDEX one_id ON ledger_commitment (id, version_from)",
            "ledger_commitment: one_id does not include key",
        ),
        (
            "ALTER TABLE promise ADD CONSTRAINT of_decision FOREIGN KEY (decision) REFERENCES decision (id)",
            "promise: of_decision does not include id",
        ),
    ],
)
def test_a_schema_that_cannot_be_spread_is_found_out(pg_db: Database, statement: str, finding: str) -> None:
    retrying(pg_db, lambda tx: [tx.execute(one) for one in statement.split(";")])

    assert broken(catalogue(pg_db)) == [finding]


@pytest.mark.postgres
def test_what_a_database_does_by_itself_is_found_out(pg_db: Database) -> None:
    def work(tx: object) -> None:
        for statement in (
            "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER meddling BEFORE INSERT ON ledger_draw FOR EACH ROW EXECUTE FUNCTION meddle()",
            "CREATE SEQUENCE counting",
        ):
            tx.execute(statement)  # type: ignore[attr-defined]

    retrying(pg_db, work)

    assert programs(pg_db) == ["counting", "meddle", "meddling"]


def test_sqlite_has_no_triggers_either(sqlite_url: str) -> None:
    opened = open_database(sqlite_url)
    try:
        upgrade(opened)
        with opened.read() as tx:
            assert tx.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'") == []
    finally:
        opened.close()


# --- how rows are locked ---

_LOCKS = re.compile(r"\bFOR (?:NO KEY )?(?:UPDATE|(?:KEY )?SHARE)\b")


def locking(path: Path, text: str) -> set[tuple[str, str, str]]:
    """(file, function, table) of each statement in a module that locks rows."""
    found = set()
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef):
            continue
        words = " ".join(
            part.value
            for part in ast.walk(function)
            if isinstance(part, ast.Constant)
            and isinstance(part.value, str)
            and part is not _docstring(function)
        )
        for lock in _LOCKS.finditer(words):
            tables = re.findall(r"\bFROM (\w+)", words[: lock.start()])
            found.add((path.as_posix(), function.name, tables[-1] if tables else "?"))
    return found


def _docstring(function: ast.FunctionDef) -> ast.expr | None:
    first = function.body[0]
    return first.value if isinstance(first, ast.Expr) else None


def test_rows_of_the_ledger_are_locked_in_one_place() -> None:
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        found |= locking(path.relative_to(SOURCE), path.read_text())

    # The others lock rows of tables that have one home; what no table could be read from counts as one that is spread.
    assert {one for one in found if one[2] in (*SPREAD, "?")} == {
        ("ledger/store/keys.py", "_locked", "ledger_key")
    }


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("is_sharded", "taken"),
    [
        (False, [('{"node:a@s","node:b@s","node:c@s"}',)]),
        (True, [("node:a@s",), ("node:b@s",), ("node:c@s",)]),
    ],
)
def test_on_a_sharded_database_each_key_is_locked_by_itself_in_key_order(
    pg_db: Database, monkeypatch: pytest.MonkeyPatch, is_sharded: bool, taken: list[tuple[str, ...]]
) -> None:
    locked: list[tuple[str, ...]] = []
    rows = Tx.rows

    def one(tx: Tx, sql: str, **given: Any) -> Any:
        locked.extend([tuple(given.values())] if "FOR UPDATE" in sql else [])
        return rows(tx, sql, **given)

    monkeypatch.setattr(Tx, "rows", one)
    assert pg_db.is_sharded is False  # no extension is there that would spread it
    pg_db.is_sharded = is_sharded

    with pg_db.write() as tx:
        found = ledger.lock(tx, ["node:b@s", "node:a@s", "node:c@s"])

    assert locked == taken
    assert [profile.key for profile in found.values()] == ["node:a@s", "node:b@s", "node:c@s"]


def test_a_lock_elsewhere_is_found_out() -> None:
    module = '''
def quick(tx):
    """Reads FOR UPDATE, as it should not."""
    return tx.rows("SELECT id FROM ledger_draw WHERE owner = :owner" " FOR NO KEY UPDATE", owner="x")
'''

    assert locking(Path("promise/store.py"), module) == {("promise/store.py", "quick", "ledger_draw")}


# --- what the guide says ---


def test_the_guide_says_how_each_table_is_spread() -> None:
    guide = (ROOT / "docs/guides/citus.md").read_text()
    said = dict(re.findall(r"^SELECT create_distributed_table\('(\w+)', '(\w+)'", guide, re.MULTILINE))
    copied = set(re.findall(r"^SELECT create_reference_table\('(\w+)'\)", guide, re.MULTILINE))

    assert said == SPREAD
    assert "ledger_record" in copied
    for table, why in EXCEPTIONS.items():
        assert f"| `{table}` | {why} |" in guide
