"""The server as a process of its own: one a file, several on PostgreSQL, one winner among many."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.company import iso_day, said_day, tell

from accord.cli import main
from accord.db.engine import open_database
from accord.db.migrations import upgrade
from accord.promise import service
from accord.web.people import keys
from accord.web.server.serving import holder

ACCORD = Path(sys.executable).with_name("accord")


@contextmanager
def server(url: str, *argv: str) -> Iterator[str]:
    """A running `accord serve`, by its address."""
    process = subprocess.Popen(
        [ACCORD, "serve", "--port", "0", *argv, "--db", url],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        match = re.match(r"Serving (http://\S+)", line)
        assert match is not None, line + process.stderr.read()
        yield match[1]
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stderr.close()


def company(url: str) -> tuple[int, str]:
    db = open_database(url)
    try:
        upgrade(db)
        return tell(db), keys.add(db, "shop", ["promise"]).secret
    finally:
        db.close()


def order(today: int, quantity: str) -> dict[str, Any]:
    return {
        "customer": "C1",
        "lines": [{"item": "X-100", "quantity": quantity, "requested_on": iso_day(today, 3)}],
    }


def test_a_file_has_one_server_and_the_command_line_beside_it(
    sqlite_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    today, secret = company(sqlite_url)
    path = Path(sqlite_url.removeprefix("sqlite:///"))

    with server(sqlite_url) as address:
        known = holder(path)
        second = subprocess.run(
            [ACCORD, "serve", "--port", "0", "--db", sqlite_url], capture_output=True, text=True, timeout=30
        )
        beside = main(["commit", f"60 X-100 by {said_day(today, 3)}", "--yes", "--db", sqlite_url])
        with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {secret}"}) as client:
            left = client.post("/v1/promises", json=order(today, "50"), headers={"Idempotency-Key": "k-1"})
            fits = client.post("/v1/promises", json=order(today, "40"), headers={"Idempotency-Key": "k-2"})

    assert known is not None
    assert known.address == address
    assert second.returncode == 5
    assert f"is served already by process {known.pid} at {address}" in second.stderr
    assert beside == 0
    assert (left.status_code, fits.status_code) == (409, 201)
    assert holder(path) is None
    with server(sqlite_url) as address:
        assert httpx2.get(f"{address}/v1/health").status_code == 200
    capfd.readouterr()


def test_a_server_that_was_killed_leaves_no_lock(sqlite_url: str) -> None:
    company(sqlite_url)
    path = Path(sqlite_url.removeprefix("sqlite:///"))

    with server(sqlite_url):
        known = holder(path)
        assert known is not None
        os.kill(known.pid, signal.SIGKILL)
        give_up_at = time.monotonic() + 10
        while holder(path) is not None and time.monotonic() < give_up_at:
            time.sleep(0.02)

    with server(sqlite_url) as address:
        assert httpx2.get(f"{address}/v1/health").status_code == 200


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["--open", "--host", "0.0.0.0"], 2, "this machine only"),
        (["--processes", "2"], 2, "PostgreSQL"),
        (["--port", "70000"], 2, "70000"),
    ],
)
def test_a_server_that_would_be_unsafe_does_not_start(
    sqlite_url: str, argv: list[str], code: int, said: str
) -> None:
    company(sqlite_url)

    ran = subprocess.run(
        [ACCORD, "serve", *argv, "--db", sqlite_url], capture_output=True, text=True, timeout=30
    )

    assert ran.returncode == code
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_port_that_is_taken_is_named(sqlite_url: str, tmp_path: Path) -> None:
    company(sqlite_url)
    other = f"sqlite:///{tmp_path / 'other.db'}"
    company(other)

    with server(sqlite_url) as address:
        port = address.rpartition(":")[2]
        ran = subprocess.run(
            [ACCORD, "serve", "--port", port, "--db", other], capture_output=True, text=True, timeout=30
        )

    assert ran.returncode == 2
    assert f"port {port}" in ran.stderr


CONTENDERS = 64


def contend(address: str, secret: str, today: int, quantity: str) -> list[Any]:
    """As many callers as there are contenders, each on its own connection, all at once."""
    answers: list[Any] = [None] * CONTENDERS
    ready = threading.Barrier(CONTENDERS)

    def ask(number: int) -> None:
        with httpx2.Client(
            base_url=address, headers={"Authorization": f"Bearer {secret}"}, timeout=60
        ) as client:
            client.get("/v1/health")
            ready.wait(timeout=60)
            answers[number] = client.post(
                "/v1/promises", json=order(today, quantity), headers={"Idempotency-Key": f"c-{number}"}
            )

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONTENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def judged(url: str, answers: list[Any], winners: int) -> None:
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] * winners + [409] * (CONTENDERS - winners)
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["options"] or answer.json()["code"] in ("supply_short", "no_source")
    db = open_database(url)
    try:
        assert len(service.promises(db, limit=200)[0]) == winners
        assert service.verify(db).findings == ()
    finally:
        db.close()


def test_of_64_contenders_for_the_last_unit_one_wins_on_a_file(sqlite_url: str) -> None:
    today, secret = company(sqlite_url)

    with server(sqlite_url, "--rate", "0") as address:
        answers = contend(address, secret, today, "100")

    judged(sqlite_url, answers, 1)


@pytest.mark.postgres
@pytest.mark.slow
def test_of_64_contenders_for_the_last_unit_one_wins_among_four_processes(pg_url: str) -> None:
    today, secret = company(pg_url)

    with server(pg_url, "--processes", "4", "--rate", "0") as address:
        answers = contend(address, secret, today, "100")

    judged(pg_url, answers, 1)


@pytest.mark.postgres
def test_what_is_there_is_given_away_to_the_last_unit_and_no_further(pg_url: str) -> None:
    today, secret = company(pg_url)

    with server(pg_url, "--processes", "2", "--rate", "0") as address:
        answers = contend(address, secret, today, "9")

    judged(pg_url, answers, 11)
