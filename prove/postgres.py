"""How is a PostgreSQL crashed? One that keeps what it confirms, in a process that kills it on demand and brings it back.

The keeper watches its standard input, so that nothing of the server stays when whoever started it is gone.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgres

from prove.records import ROOT

SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "restart_after_crash": "on"}
# A commit that nobody waits for is written by a process that wakes so often.
LAZY = {**SAFE, "synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}


class Server:
    """A server as its tormentor sees it."""

    def __init__(self, keeper: subprocess.Popen[str]) -> None:
        self._keeper = keeper
        self.url = self._heard()

    def kill(self) -> None:
        """SIGKILL to all its processes; back once it answers again."""
        self.say("kill")
        self.say("start")

    def crash(self) -> None:
        """`pg_ctl stop -m immediate`; back once it answers again."""
        self.say("crash")
        self.say("start")

    def say(self, word: str) -> str:
        """One command to its keeper: kill, crash, stop or start. Raises: RuntimeError when it cannot be done."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(f"{word}\n")
        self._keeper.stdin.flush()
        return self._heard()

    def _heard(self) -> str:
        assert self._keeper.stdout is not None
        line = self._keeper.stdout.readline().strip()
        if not line:
            raise RuntimeError("PostgreSQL does not start again; its words are above")
        return line


@contextmanager
def server(settings: dict[str, str], *, log_folder: Path | None = None) -> Iterator[Server]:
    """A running server of our own, whatever server the tests use; gone afterwards."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", "prove.postgres", json.dumps(settings), str(log_folder or "")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches whoever started it alone
    )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        yield Server(keeper)
    finally:
        keeper.stdin.close()
        keeper.stdout.close()
        keeper.wait(timeout=60)


def keep(settings: dict[str, str], log_folder: Path | None) -> int:
    """Serve, and do what is said on standard input, until it closes."""
    postgres.SETTINGS.update(settings)
    folder = Path(tempfile.mkdtemp(prefix="accord-postgres-"))
    cluster: postgres.Cluster | None = None
    try:
        # Small segments: a small volume is soon full.
        cluster = postgres.Cluster(folder, log_folder=log_folder, made_with=["--wal-segsize=1"])
        print(cluster.start(), flush=True)
        for line in sys.stdin:
            done = getattr(cluster, line.strip())()
            print(done or "done", flush=True)
        cluster.crash()
    finally:
        if cluster is not None:
            cluster.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(keep(json.loads(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2] else None))
