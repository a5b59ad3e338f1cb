"""The PostgreSQL of the bench: the server that the tests start from its wheel, but one that keeps what it confirms."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests import postgres

# The tests switch durability off; what is measured here is durable. Memory and log are those of a small real server.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
}


@contextmanager
def server() -> Iterator[str]:
    """A running server as `postgresql://user@host:port/db`; `ACCORD_TEST_PG_URL` names another one to use instead."""
    given = os.environ.get("ACCORD_TEST_PG_URL")
    if given:
        yield given
        return
    keeper = subprocess.Popen(
        [sys.executable, "-m", "bench.postgres"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches the bench alone, which then stops the server in order
    )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        url = keeper.stdout.readline().strip()
        if not url:
            raise RuntimeError("PostgreSQL did not start; its words are above")
        yield url
    finally:
        keeper.stdin.close()
        keeper.stdout.close()
        keeper.wait(timeout=60)


if __name__ == "__main__":
    postgres.SETTINGS.update(SETTINGS)
    sys.exit(postgres.keep())
