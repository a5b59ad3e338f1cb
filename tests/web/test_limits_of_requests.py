"""Nothing that is sent makes the server work for long or keep what is private: bodies, depth, pages, lines and numbers have limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import iso_day

from accord.db.engine import Database
from accord.web.access import admission
from accord.web.layout.problems import BODY_BYTES_MAX
from accord.web.server.app import on

HOST = "http://accord.localhost"
SECONDS_MAX = 5  # of the processor; nothing may take more
Client = TestClient[Any]


@pytest.fixture
def client(file: Database, today: int) -> Iterator[Client]:
    with TestClient(on(file, is_open=True, rate=0), base_url=HOST) as made:
        yield made


def _post(client: Client, path: str, body: bytes) -> Any:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    began = time.process_time()
    answer = client.post(path, content=body, headers=headers)
    assert time.process_time() - began < SECONDS_MAX
    return answer


def _writes(client: Client) -> list[str]:
    found = [
        path.replace("{id:str}", "x").replace("/:", ":")
        for path, handler in admission.handlers(client.app)
        if "POST" in handler.http_methods
        and path.startswith("/v1/")
        and "data" in handler.parsed_fn_signature.parameters  # what takes no body reads none
    ]
    assert len(found) >= 10
    return found


BOMBS = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and whole": b'{"lines":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a long number": b'{"lines": [' + b"9" * 100_000 + b"]}",
    "a large exponent": b'{"lines": [1e999999999]}',
    "many members": b"{" + b",".join(b'"k%d":1' % n for n in range(50_000)) + b"}",
    "one member again and again": b"{" + b",".join([b'"lines":[]'] * 50_000) + b"}",
    "NUL": b'{"lines": [{"item": "\\u0000", "quantity": "1", "requested_on": "2027-01-01"}]}',
    "half a surrogate": b'{"lines": [{"item": "\\ud800", "quantity": "1", "requested_on": "2027-01-01"}]}',
    "a long text": b'{"lines": [{"item": "' + b"x" * 900_000 + b'", "quantity": "1", "requested_on": "2027-01-01"}]}',
    "a long quantity": b'{"lines": [{"item": "X-100", "quantity": "' + b"9" * 900_000 + b'", "requested_on": "2027-01-01"}]}',
}  # fmt: skip


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_no_body_makes_it_work_for_long(client: Client, body: bytes) -> None:
    for path in _writes(client):
        answer = _post(client, path, body)
        assert answer.status_code in (400, 404, 413, 422), (path, answer.status_code, answer.text[:200])


def test_a_body_that_is_too_large_is_not_read(client: Client) -> None:
    for path in _writes(client):
        answer = _post(client, path, b" " * (BODY_BYTES_MAX + 1))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large"), path


def test_a_form_that_is_too_large_is_not_read(client: Client) -> None:
    answer = client.post("/promise", content=b"q=" + b"x" * BODY_BYTES_MAX,
                         headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip

    assert answer.status_code == 413


@pytest.mark.parametrize("lines", [500, 501])
def test_an_order_has_at_most_500_lines(client: Client, today: int, lines: int) -> None:
    line = {"item": "X-100", "quantity": "1", "requested_on": iso_day(today, 3)}
    alone = client.post("/v1/promises:ask", json={"lines": [line] * lines})
    orders = [{"id": f"o{n}", "lines": [line], "verb": "hold"} for n in range(lines)]
    many = client.post("/v1/promises:bulk", json={"orders": orders}, headers={"Idempotency-Key": f"b{lines}"})

    assert (alone.status_code, many.status_code) == ((200, 200) if lines == 500 else (422, 422))


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1e9", "99999999999999999999999", "x"])
def test_a_page_has_at_most_200_rows(client: Client, limit: str) -> None:
    paged = [
        path
        for path, handler in admission.handlers(client.app)
        if path.startswith("/v1/") and "limit" in handler.parsed_fn_signature.parameters and "{" not in path
    ]
    assert len(paged) >= 6
    for path in paged:
        most = 1_000 if path == "/v1/events" else 200
        if limit == "201" and most > 200:
            continue
        assert client.get(path, params={"limit": limit}).status_code == 422, path
        assert client.get(path, params={"limit": str(most)}).status_code == 200, path


def test_nothing_that_is_answered_is_kept_by_anybody_between(client: Client, file: Database) -> None:
    """Found or not, allowed or not: neither a browser nor a proxy keeps it."""
    with TestClient(on(file, rate=0), base_url=HOST) as strangers:
        for who in (client, strangers):
            for path, handler in admission.handlers(client.app):
                if path.startswith(("/static/", "/v1/openapi")) or path == "/notifications/live":
                    continue
                for method in sorted(handler.http_methods):
                    address = path.replace("{id:str}", "x").replace("/:", ":").replace("{seq:int}", "1")
                    answer = who.request(method, address, follow_redirects=False)
                    assert answer.headers.get("cache-control") == "no-store", (
                        method,
                        path,
                        answer.status_code,
                    )
