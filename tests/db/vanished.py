"""A PostgreSQL server that vanishes with its network, seen from a network of our own: `unshare --net python -m tests.db.vanished 2`.

Says who gave it up in time: who had a question under way, and who asks after it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

from tests import postgres

from accord.db import engine
from accord.kit.errors import Unavailable

PATIENCE_SECONDS = 12


def main(vanished_seconds: int) -> None:
    """Let the network go while two transactions are open."""
    link("up")
    engine.VANISHED_SECONDS = vanished_seconds
    with postgres.server() as server:
        db = engine.open_database(server)
        ready, gone, heard = threading.Barrier(3), threading.Event(), list[str]()

        def wait(name: str, first: str) -> None:
            try:
                with db.write() as tx:
                    tx.rows("SELECT 1")
                    ready.wait()
                    tx.rows(first)
                    gone.wait()
                    tx.rows("SELECT 1")
            except Unavailable:
                heard.append(name)

        questions = (("under way", "SELECT pg_sleep(2)"), ("after", "SELECT 1"))
        threads = [threading.Thread(target=wait, args=one, daemon=True) for one in questions]
        for one in threads:
            one.start()
        ready.wait()
        time.sleep(0.5)
        link("down")
        gone.set()
        gives_up_at = time.monotonic() + PATIENCE_SECONDS
        for one in threads:
            one.join(gives_up_at - time.monotonic())
        print(*sorted(heard), flush=True)
        link("up")
        os._exit(0)  # connections that wait for a quarter of an hour are not waited for


def link(state: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
