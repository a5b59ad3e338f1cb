"""How is a peer's program run, and stopped again?"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests import postgres

from bench.peers.environments import Absent

DOORS = Path(__file__).parent / "doors"  # they run in the environments of the peers, away from our modules
_SEED_SECONDS = 600
_START_SECONDS = 60


@contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """An empty database of its own on the server of the bench, dropped afterwards."""
    postgres.drop_database(server_url, name)
    postgres.create_database(server_url, name)
    try:
        yield postgres.on_database(server_url, name)
    finally:
        postgres.drop_database(server_url, name)


def parts(url: str) -> tuple[str, str, str, str]:
    """Host, port, user and name of a database."""
    split = urlsplit(url)
    return split.hostname or "", str(split.port or 5432), split.username or "", split.path.lstrip("/")


def told(command: Sequence[str], sign: str, *, folder: Path, surroundings: Mapping[str, str]) -> Any:
    """Run a program to its end; what it says behind a sign, as JSON (None without a sign). Raises: Absent."""
    done = subprocess.run(
        command, cwd=folder, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=_SEED_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["without a word"]
        raise Absent(f"{Path(command[-1]).name or command[0]} ended with {done.returncode}: {last[0][:200]}")
    found = [line for line in done.stdout.splitlines() if sign and line.startswith(sign)]
    return json.loads(found[-1].removeprefix(sign)) if found else None


@contextmanager
def running(
    command: Sequence[str], *, folder: Path, surroundings: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[str]]:
    """A program that goes on until it is stopped; what it says on standard error goes to a file."""
    with log.open("w") as said:
        process = subprocess.Popen(
            command, cwd=folder, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
            text=True, start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process
        finally:
            process.stdin.close()
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Wait until somebody listens. Raises: Absent."""
    give_up_at = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise Absent("its server did not start")
