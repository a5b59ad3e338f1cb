"""What was answered is there after a kill, and nothing is there by half: real processes, killed at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from accord.db.audit import verify_chains
from accord.db.engine import open_database
from accord.db.migrations import upgrade

KILLS = 12
SEED = 20

# Writes numbered batches, each with its entries and messages, and says each number when it is kept. The control says
# it before.
_WRITER = """
import sys
from accord.db import audit, outbox
from accord.db.engine import open_database
from accord.db.requests import Claim, Reply, claim, record_reply
db = open_database(sys.argv[1])
number = int(sys.argv[2])
while True:
    ids = [f"r{number}-{n}" for n in range(20)]
    if sys.argv[3] == "before":
        print(number, flush=True)
    with db.write() as tx:
        claim(tx, [Claim(id, "t", "a") for id in ids])
        audit.append(tx, [audit.Entry("Done", b'"%d"' % number, b"x" * 200, "s") for _ in ids])
        outbox.add(tx, [outbox.Message(id=f"m-{id}", topic="t", subject=id, body=b"y" * 500) for id in ids])
        record_reply(tx, [Reply(id=id, status=200, reply=b"z" * 500) for id in ids])
    if sys.argv[3] == "after":
        print(number, flush=True)
    number += 1
"""


def killed_at_random(url: str, say: str) -> tuple[int, int]:
    """Run and kill the writer again and again; (answered batches, answered batches that are not there)."""
    chance = random.Random(SEED)
    db = open_database(url)
    upgrade(db)
    answered: set[int] = set()
    start = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, url, str(start), say], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        answered.add(int(process.stdout.readline()))  # it runs
        time.sleep(chance.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        answered |= {int(line) for line in process.stdout.read().split("\n")[:-1]}
        process.wait()
        process.stdout.close()
        time.sleep(0.05)  # a server takes a moment to notice that its client is gone
        start = (
            max(_whole(url), *answered) + 1
        )  # what was answered and lost is not written again, or it would be hidden
    with db.read() as tx:
        kept = {int(id[1:].partition("-")[0]) for (id,) in tx.rows("SELECT id FROM request")}
        assert verify_chains(tx) == []
    db.close()
    return len(answered), len(answered - kept)


def _whole(url: str) -> int:
    """Every batch is there with all its rows or with none; the highest number there is."""
    db = open_database(url)
    with db.read() as tx:
        requests = {int(id[1:].partition("-")[0]) for (id,) in tx.rows("SELECT id FROM request")}
        count = 20 * len(requests)
        for table in ("request", "audit", "outbox"):
            assert tx.rows(f"SELECT count(*) FROM {table}") == [(count,)]
        assert tx.rows("SELECT count(*) FROM request WHERE replied_at IS NULL") == [(0,)]
        if db.dialect == "sqlite":
            assert tx.rows("PRAGMA integrity_check") == [("ok",)]
    db.close()
    return max(requests, default=-1)


@pytest.mark.slow
def test_what_was_answered_survives_a_kill(db_url: str) -> None:
    answered, lost = killed_at_random(db_url, "after")

    assert answered >= KILLS
    assert lost == 0


@pytest.mark.slow
def test_what_is_answered_before_it_is_kept_does_not(sqlite_url: str, tmp_path: Path) -> None:
    """The control: the same, but each batch is answered before its commit."""
    answered, lost = killed_at_random(sqlite_url, "before")

    assert answered >= KILLS
    assert lost > 0
