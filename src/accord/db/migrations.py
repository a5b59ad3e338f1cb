"""How does an older database become one of today?

Each script in `upgrades/versions` is one step. All steps that are missing run in one transaction, so that a process
killed in the middle leaves the database as it was; a second process that upgrades at the same time waits.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.errors import Unavailable

_SCRIPTS = Path(__file__).parent / "upgrades"
_LOCK = 4_205_183_077  # any number that nobody else takes: the advisory lock of upgrades


def upgrade(db: Database) -> str:
    """Bring the database to the newest schema; harmless when it is. Returns the version it is at now.

    Raises: Unavailable when the database was made by a newer Accord.
    """
    with db.write() as tx:
        return upgrade_in(tx, head())


def upgrade_in(tx: Tx, to: str) -> str:
    """Bring the database to one version in a transaction that is open; a database that is further stays so."""
    if tx.dialect == "postgresql":
        # Waits for another process that upgrades; given back at the end of the transaction.
        tx.rows("SELECT pg_advisory_xact_lock(:lock)", lock=_LOCK)
    version = version_of(tx)
    if version is not None and version not in versions():
        raise Unavailable(
            f"The database has schema {version}, which is newer than this program ({head()}). Update Accord.",
            retry_after_seconds=3600,
        )
    if version is None or version < to:
        _run(tx, to)
        return to
    return version


def current(db: Database) -> str | None:
    """The version of the database's schema, None when it has none yet."""
    with db.read() as tx:
        return version_of(tx)


def head() -> str:
    """The version of the newest schema."""
    return versions()[-1]


@lru_cache(maxsize=1)
def versions() -> tuple[str, ...]:
    """Every version there was, oldest first; they sort by their names."""
    # Each script's name begins with its version, so that asking for it needs no Alembic, which is slow to import.
    return tuple(sorted(path.stem for path in (_SCRIPTS / "versions").glob("[0-9]*.py")))


def version_of(tx: Tx) -> str | None:
    """The version of the schema that a transaction sees, None when there is none."""
    # Whether there is a table of versions, in the catalogue of either engine.
    if tx.dialect == "sqlite":
        there = tx.rows("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'alembic_version'")
    else:
        there = tx.rows("SELECT 1 WHERE to_regclass('alembic_version') IS NOT NULL")
    # One row: the version.
    found = tx.rows("SELECT version_num FROM alembic_version") if there else []
    return str(found[0][0]) if found else None


def _run(tx: Tx, to: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = tx.connection
    command.upgrade(config, to)
