"""What if the disk took 5 ms longer to keep what it is told to keep? Simulated: disks of servers in the cloud are like that.

PostgreSQL waits so long itself before it flushes its log (`commit_delay`, for every commit). SQLite's write-ahead log is
flushed once a commit; whoever commits then waits as much longer while it still has the only right to write.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
from psycopg import sql

from accord.db.engine import Database

MS = 5
SLOW = f"+{MS} ms"


@contextmanager
def sqlite() -> Iterator[None]:
    """Every commit of this process to a file takes so much longer; what only reads does not."""
    commit = Database._commit

    def slowly(db: Database, connection: Any) -> None:
        commit(db, connection)
        if db.dialect == "sqlite" and db._owner == threading.get_ident():
            time.sleep(MS / 1e3)

    with patch.object(Database, "_commit", slowly):
        yield


def postgresql(server_url: str, name: str) -> None:
    """Every flush of the log that a commit to this database causes takes so much longer."""
    with psycopg.connect(server_url, autocommit=True) as admin:
        for setting, value in (("commit_delay", MS * 1_000), ("commit_siblings", 0)):
            admin.execute(
                sql.SQL("alter database {} set {} = {}").format(
                    sql.Identifier(name), sql.Identifier(setting), sql.Literal(value)
                )
            )
