"""How do a server process and a client process come to measure one load?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from accord.db.engine import open_database
from accord.web.people import keys
from bench.callers import NotPromised
from bench.client import Failed, Job
from bench.measure import Sample
from bench.slow_disk import SLOW
from bench.world import ACTOR, World

Route = tuple[str, int]  # and the status that every answer must have
PROMISE = ("/v1/promises", 201)
VALIDATE = ("/v1/promises:validate", 200)
BULK = ("/v1/promises:bulk", 200)

_TICKS = os.sysconf("SC_CLK_TCK")


class Server(msgspec.Struct, frozen=True):
    """A server of the bench that listens."""

    port: int
    secret: str
    pid: int

    def cpu_seconds(self) -> float | None:
        """Time of the processor that the process has used; None where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            return None
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def served(db_url: str, *, one_by_one: bool = False, disk: str = "") -> Iterator[Server]:
    """The real server on a database, with a key that may promise; stopped in order afterwards."""
    db = open_database(db_url, create=False)
    try:
        secret = keys.add(db, ACTOR, ["promise"]).secret
    finally:
        db.close()
    command = [sys.executable, "-m", "bench.serve", db_url]
    command += ["--one-by-one"] if one_by_one else []
    command += ["--slow-disk"] if disk == SLOW and db_url.startswith("sqlite") else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        port = urlsplit(address).port
        if port is None:
            raise RuntimeError("the server did not start; its words are above")
        yield Server(port, secret, process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class Client:
    """The process that calls."""

    def __init__(self, process: subprocess.Popen[str], world: World) -> None:
        self._process = process
        self._world = world

    def call(
        self,
        server: Server,
        route: Route,
        *,
        name: str,
        is_hot: bool,
        clients: int,
        seconds: float,
        orders: int = 0,
    ) -> Sample:
        """One load; `orders` is how many a call of the batch door has. Raises: NotPromised when any answer has another
        status than the route's."""
        path, status = route
        job = Job(
            port=server.port, path=path, secret=server.secret, world=self._world, name=name, is_hot=is_hot,
            clients=clients, seconds=seconds, status=status, orders=orders,
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        before = server.cpu_seconds()
        self._process.stdin.write(msgspec.json.encode(job).decode() + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        after = server.cpu_seconds()
        if not line:
            raise RuntimeError("the client process ended; its words are above")
        found = msgspec.json.decode(line, type=Sample | Failed)
        if isinstance(found, Failed):
            raise NotPromised(found.detail)
        if before is None or after is None:
            return found
        return msgspec.structs.replace(found, cpu_us=(after - before) / found.count * 1e6)


@contextmanager
def client(world: World) -> Iterator[Client]:
    """A client process, ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.client"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        yield Client(process, world)
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
