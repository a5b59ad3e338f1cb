"""What can be done inside one transaction?

`Tx` speaks to the driver directly where it is hot, since SQLAlchemy's own way costs 18 us a statement on SQLite
and 60 us on PostgreSQL; `tx.connection` is there for everything else and sees the same transaction.

Many rows go in one statement. Measured on PostgreSQL 17 and two cores, six columns and a primary key, us a row:

    rows in a batch                              1      8     256   2,000
    COPY, binary                                53    8.2     2.7     1.8
    unnest of array literals written here       39    8.3     4.0     3.9
    executemany                                 48     20     9.3     8.0
    unnest of lists, dumped by the driver       77     21      11      11

so `insert` uses the second for a few rows and COPY for more, and `update_many` joins with the second.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from accord.db.failures import meaning
from accord.kit.days import Instant
from accord.kit.errors import Fault

if TYPE_CHECKING:
    from accord.db.chains import Chain
    from accord.db.engine import Database

Dialect = Literal["sqlite", "postgresql"]
Outcome = Literal["committed", "rolled_back", "unknown"]  # unknown: the connection was lost during the commit
Row = Sequence[Any] | Mapping[str, Any]
Encoder = Callable[[Sequence[Any]], str]  # of a column's values to the inside of an array literal

_COPY_MIN = 8  # rows from which COPY beats one INSERT
_STREAM_ROWS = 10_000
_STREAMS = itertools.count(1)  # a name for each cursor: several may be open at once

# A quoted text, a cast, a parameter or a per cent sign: a parameter changes its form, a per cent sign is doubled.
_TOKEN = re.compile(r"'(?:[^']|'')*'|::|:([a-z_][a-z0-9_]*)|%", re.IGNORECASE)
_KEYS = re.compile(r"\bIN\s*\(\s*:keys\s*\)", re.IGNORECASE)
_LOCKING = re.compile(
    r"\s+FOR\s+(NO\s+KEY\s+UPDATE|UPDATE|SHARE)(\s+OF\s+\w+)?(\s+SKIP\s+LOCKED)?\s*\Z", re.IGNORECASE
)
# The server's clock in microseconds; extract() is exact, so no float is involved.
_CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_ROWS = re.compile(r"\(\s*:rows\s*\)", re.IGNORECASE)


def wall_clock() -> Instant:
    """This machine's clock: the store's clock on SQLite."""
    return time.time_ns() // 1_000


class Tx:
    """One open transaction. Made by `Database.write` and `Database.read`, and only usable inside them."""

    __slots__ = ("_cursor", "_driver", "_listeners", "chain", "connection", "database", "dialect", "writable")

    def __init__(self, database: Database, connection: sa.Connection, *, writable: bool) -> None:
        self.database = database
        self.connection = connection
        self.dialect: Dialect = database.dialect
        self.writable = writable
        self.chain: Chain | None = None  # the audit chain it writes to, once it has written
        driver: Any = connection.connection.dbapi_connection
        self._driver = driver
        self._cursor: Any = self._driver.cursor()
        self._listeners: list[Callable[[Outcome], None]] = []

    # --- time ---

    @property
    def clock(self) -> tuple[str, dict[str, Instant]]:
        """The store's clock inside a statement: its words, and the parameter they name. The one place to patch for a
        simulated time."""
        return (":now", {"now": wall_clock()}) if self.dialect == "sqlite" else (_CLOCK, {})

    def now(self) -> Instant:
        """The store's clock: real time on each call, not the moment at which the transaction began."""
        words, params = self.clock
        instant: Instant = params["now"] if params else self.rows(f"SELECT {words}")[0][0]
        return instant

    def now_and(self, columns: str, **params: Any) -> tuple[Any, ...]:
        """The store's clock and columns that are not read from a table, or each from a row of one, in one statement."""
        words, now = self.clock
        return self.rows(f"SELECT {words}, {columns}", **now, **params)[0]

    # --- statements in words ---

    def rows(self, sql: str, **params: Any) -> list[tuple[Any, ...]]:
        """All rows that a statement returns; parameters are written `:name` on both engines."""
        self._execute(sql, params)
        try:
            found: list[tuple[Any, ...]] = self._cursor.fetchall()
        except Exception as error:
            raise self._meant(error) from error
        return found

    def rows_in(self, sql: str, keys: Sequence[str] | Sequence[int], **params: Any) -> list[tuple[Any, ...]]:
        """All rows of a statement that says `IN (:keys)`, for any number of keys in one statement.

        The order is the statement's own: say ORDER BY, else it may differ between the engines.
        """
        return self.rows(_with_keys(sql, self.dialect, _is_whole(keys)), keys=self._keys(keys), **params)

    def execute(self, sql: str, **params: Any) -> int:
        """Run a statement that changes rows; how many it changed."""
        self._execute(sql, params)
        count: int = self._cursor.rowcount
        return count

    def execute_in(self, sql: str, keys: Sequence[str] | Sequence[int], **params: Any) -> int:
        """Run a statement that changes rows and says `IN (:keys)`; how many it changed."""
        return self.execute(_with_keys(sql, self.dialect, _is_whole(keys)), keys=self._keys(keys), **params)

    def rows_of(
        self, sql: str, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]], **params: Any
    ) -> list[tuple[Any, ...]]:
        """All rows of a statement that says `FROM (:rows) AS some_name`: these rows, in their order.

        The columns have the names and types of the table's; on SQLite they cannot be bytes.
        """
        names = tuple(names)
        if self.dialect == "sqlite":
            return self.rows(_with_rows_sqlite(sql, names), rows=json.dumps(rows), **params)
        columns = [table.c[name] for name in names]
        arrays = _array_literals([_known(column)[0] for column in columns], rows)
        return self.rows(
            _with_rows_postgresql(sql, names, tuple([_known(column)[1] for column in columns])),
            **{f"rows_{index}": array for index, array in enumerate(arrays)},
            **params,
        )

    def stream(self, sql: str, **params: Any) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a long answer in pieces of 10,000, never all in memory."""
        try:
            if self.dialect == "postgresql":
                cursor = self._driver.cursor(name=f"stream_{next(_STREAMS)}")  # kept by the server
                how = {"binary": True}  # as text, bytes are twice as long
            else:
                cursor, how = self._driver.cursor(), {}
            try:
                cursor.execute(_spoken(sql, self.dialect), params, **how)
                while piece := cursor.fetchmany(_STREAM_ROWS):
                    yield piece
            finally:
                cursor.close()
        except GeneratorExit:
            raise
        except Exception as error:
            raise self._meant(error) from error

    # --- many rows at once ---

    def insert(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows in one statement: tuples in the order of the table's columns, or mappings of the same columns.

        Columns that mappings leave out get the database's default. Values are what the driver takes: ints, text, bytes, bools.
        """
        if not rows:
            return
        names, tuples = _as_tuples(table, rows)
        plan = _insert_plan(table, names)
        try:
            if self.dialect == "sqlite":
                self._cursor.executemany(plan.sqlite, tuples)
            elif len(tuples) < _COPY_MIN:
                self._cursor.execute(plan.unnest, _array_literals(plan.encoders, tuples))
            else:
                with self._cursor.copy(plan.copy) as copy:
                    copy.set_types(plan.oids)
                    write = copy.write_row
                    for row in tuples:
                        write(row)
        except Exception as error:
            raise self._meant(error) from error

    def update_many(
        self,
        table: sa.Table,
        key_columns: Sequence[str],
        set_columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        while_null: str | None = None,
    ) -> None:
        """Update many rows by key in one statement; each row is (*keys, *new values).

        With `while_null`, only rows whose column of that name is NULL count as being there.
        Raises: Fault when a key is not there or is given twice: nothing is silently skipped.
        """
        if not rows:
            return
        plan = _update_plan(table, tuple(key_columns), tuple(set_columns), while_null)
        try:
            if self.dialect == "sqlite":
                keys = len(key_columns)
                self._cursor.executemany(plan.sqlite, [(*row[keys:], *row[:keys]) for row in rows])
            else:
                self._cursor.execute(plan.unnest, _array_literals(plan.encoders, rows))
        except Exception as error:
            raise self._meant(error) from error
        if self._cursor.rowcount != len(rows):
            raise Fault(
                f"{self._cursor.rowcount} of {len(rows)} rows of {table.name} were there to be updated"
            )

    # --- the end of the transaction ---

    def when_over(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` once with how this transaction ended."""
        self._listeners.append(listener)

    def tell(self, outcome: Outcome) -> None:
        """Tell the listeners; the database does it, once."""
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(outcome)

    def _execute(self, sql: str, params: Mapping[str, Any]) -> None:
        try:
            self._cursor.execute(_spoken(sql, self.dialect), params)
        except Exception as error:
            raise self._meant(error) from error

    def _meant(self, error: Exception) -> Exception:
        return meaning(error, writable=self.writable) or error

    def _keys(self, keys: Sequence[str] | Sequence[int]) -> str:
        if self.dialect == "sqlite":
            return json.dumps(list(keys))
        return f"{{{(_numbers if _is_whole(keys) else _texts)(keys)}}}"


# --- one way to write SQL, two drivers ---


@lru_cache(maxsize=4_096)
def _spoken(sql: str, dialect: Dialect) -> str:
    """The statement in the driver's words: `:name` stays for SQLite and becomes `%(name)s` for psycopg.

    SQLite knows no row locks: there the writing transaction is the only one, so FOR UPDATE says nothing.
    """
    if dialect == "sqlite":
        return _LOCKING.sub("", sql)
    return _TOKEN.sub(lambda found: f"%({found[1]})s" if found[1] else found[0].replace("%", "%%"), sql)


@lru_cache(maxsize=4_096)
def _with_keys(sql: str, dialect: Dialect, whole: bool) -> str:
    if dialect == "sqlite":
        changed, count = _KEYS.subn("IN (SELECT value FROM json_each(:keys))", sql)
    else:
        changed, count = _KEYS.subn(f"= ANY(:keys::{'bigint' if whole else 'text'}[])", sql)
    if not count:
        raise Fault(f"a statement for many keys must say IN (:keys): {sql}")
    return changed


@lru_cache(maxsize=1_024)
def _with_rows_sqlite(sql: str, names: tuple[str, ...]) -> str:
    picked = ", ".join([f'value ->> {index} AS "{name}"' for index, name in enumerate(names)])
    return _put_rows(sql, f"(SELECT {picked} FROM json_each(:rows))")  # noqa: S608 - our own names


@lru_cache(maxsize=1_024)
def _with_rows_postgresql(sql: str, names: tuple[str, ...], types: tuple[str, ...]) -> str:
    arrays = ", ".join([f":rows_{index}::{type_}[]" for index, type_ in enumerate(types)])
    return _put_rows(sql, f"(SELECT * FROM unnest({arrays}) AS given({_named(names)}))")  # noqa: S608 - our own names


def _put_rows(sql: str, instead: str) -> str:
    changed, count = _ROWS.subn(lambda _: instead, sql)
    if count != 1:
        raise Fault(f"a statement for given rows must say (:rows) once: {sql}")
    return changed


def _is_whole(keys: Sequence[str] | Sequence[int]) -> bool:
    return bool(keys) and isinstance(keys[0], int)


# --- array literals, the quickest way into unnest ---


def _numbers(values: Sequence[Any]) -> str:
    return ",".join(map(str, values)).replace("None", "NULL")


def _texts(values: Sequence[Any]) -> str:
    try:
        joined = '","'.join(values)
    except TypeError:  # there is a NULL
        return ",".join(["NULL" if value is None else _quoted(value) for value in values])
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1):
        return ",".join(map(_quoted, values))
    return f'"{joined}"'


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bytes(values: Sequence[Any]) -> str:
    return ",".join(["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values])


def _truths(values: Sequence[Any]) -> str:
    return ",".join(["NULL" if value is None else "t" if value else "f" for value in values])


def _array_literals(encoders: Sequence[Encoder], rows: Sequence[Sequence[Any]]) -> list[str]:
    if not rows:
        return ["{}"] * len(encoders)
    # A column at a time: most of it then runs in C.
    columns = zip(*rows, strict=True)
    return [f"{{{encode(column)}}}" for encode, column in zip(encoders, columns, strict=True)]


# --- statements, made once a table ---

_ENCODERS: tuple[tuple[type[sa.types.TypeEngine[Any]], Encoder, str], ...] = (
    (sa.Boolean, _truths, "bool"),
    (sa.BigInteger, _numbers, "int8"),
    (sa.SmallInteger, _numbers, "int2"),
    (sa.Integer, _numbers, "int4"),
    (sa.LargeBinary, _bytes, "bytea"),
    (sa.String, _texts, "text"),
)


class _Plan:
    """The statements that put many rows of some columns of a table into one call."""

    __slots__ = ("copy", "encoders", "oids", "sqlite", "unnest")

    def __init__(
        self, columns: Sequence[sa.Column[Any]], *, sqlite: str, unnest: str, copy: str = ""
    ) -> None:
        known = [_known(column) for column in columns]
        self.encoders = [encode for encode, _ in known]
        self.oids = [name for _, name in known]
        self.sqlite = sqlite
        self.unnest = unnest
        self.copy = copy


def _known(column: sa.Column[Any]) -> tuple[Encoder, str]:
    for type_, encode, name in _ENCODERS:
        if isinstance(column.type, type_):
            return encode, name
    raise Fault(f"{column} has a type that cannot be written in bulk: {column.type!r}")


def _arrays(columns: Sequence[sa.Column[Any]]) -> str:
    return ", ".join([f"%s::{_known(column)[1]}[]" for column in columns])


def _named(names: Sequence[str]) -> str:
    return ", ".join([f'"{name}"' for name in names])


def _each(form: str, names: Sequence[str], between: str) -> str:
    return between.join([form.format(name) for name in names])


@lru_cache(maxsize=1_024)
def _insert_plan(table: sa.Table, names: tuple[str, ...]) -> _Plan:
    columns = [table.c[name] for name in names]
    into = f'"{table.name}" ({_named(names)})'
    # Each puts all rows in; the primary key is the only index that every table pays for.
    return _Plan(
        columns,
        sqlite=f"INSERT INTO {into} VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - our own names
        unnest=f"INSERT INTO {into} SELECT * FROM unnest({_arrays(columns)})",  # noqa: S608 - our own names
        copy=f"COPY {into} FROM STDIN (FORMAT BINARY)",
    )


@lru_cache(maxsize=1_024)
def _update_plan(
    table: sa.Table, keys: tuple[str, ...], values: tuple[str, ...], while_null: str | None
) -> _Plan:
    columns = [table.c[name] for name in (*keys, *values)]
    name = table.name
    one = _each('"{0}" = ?', values, ", ")
    many = _each('"{0}" = new."{0}"', values, ", ")
    here = _each('"{0}" = ?', keys, " AND ")
    there = _each(f'"{name}"."{{0}}" = new."{{0}}"', keys, " AND ")
    if while_null is not None:
        here += f' AND "{name}"."{while_null}" IS NULL'
        there += f' AND "{name}"."{while_null}" IS NULL'
    # Both find each row by its key, through the index of the primary key or of the rows in force.
    return _Plan(
        columns,
        sqlite=f'UPDATE "{name}" SET {one} WHERE {here}',  # noqa: S608 - our own names
        unnest=f'UPDATE "{name}" SET {many}'  # noqa: S608 - our own names
        f" FROM unnest({_arrays(columns)}) AS new({_named((*keys, *values))}) WHERE {there}",
    )


def _as_tuples(table: sa.Table, rows: Sequence[Row]) -> tuple[tuple[str, ...], Sequence[Sequence[Any]]]:
    first = rows[0]
    if not isinstance(first, Mapping):
        return _column_names(table), rows  # type: ignore[return-value]
    names = tuple(first)
    tuples = [tuple([row[name] for name in names]) for row in rows]  # type: ignore[call-overload]
    if any(len(row) != len(names) for row in rows):
        raise Fault(f"the rows for {table.name} name different columns")
    return names, tuples


@lru_cache(maxsize=1_024)
def _column_names(table: sa.Table) -> tuple[str, ...]:
    return tuple(table.c.keys())
