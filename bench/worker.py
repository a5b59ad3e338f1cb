"""One app process of several: its own desk on the shared database, and the callers who come to it.

It reads jobs from standard input and writes a sample for each to standard output, as JSON lines.
"""

from __future__ import annotations

import sys

import msgspec

from accord.db.engine import open_database
from accord.promise import service
from accord.web.server.interpreter import collect_seldom
from bench import callers
from bench.client import Failed
from bench.world import Asker, World


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One load of one process."""

    world: World
    name: str
    share: tuple[int, int]  # (k, n): every n-th item alone, from the k-th on
    clients: int
    seconds: float


def main() -> int:
    """Do the jobs that come in, one after the other."""
    db = open_database(sys.argv[1], create=False)
    try:
        with callers.at_the_desk(db) as submit:
            collect_seldom()  # as the server does once it is started
            for line in sys.stdin:
                job = msgspec.json.decode(line, type=Job)
                asker = Asker(job.world, job.name, is_hot=False, share=job.share)
                try:
                    done = callers.call(submit, asker, clients=job.clients, seconds=job.seconds)
                    said = msgspec.json.encode(done)
                except callers.NotPromised as error:
                    said = msgspec.json.encode(Failed(str(error)))
                sys.stdout.write(said.decode() + "\n")
                sys.stdout.flush()
        service.desk(db).close()
    finally:
        db.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
