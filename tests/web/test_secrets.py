"""What lets somebody in is nowhere but with that person: not in the database, in logs, in errors or on pages; and no other
site acts with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import structlog
from litestar.testing import TestClient
from tests.web.conftest import PASSWORD, come_in
from tests.web.test_sign_in import COOKIE, guess, token

from accord.db import audit
from accord.db.engine import Database
from accord.web.access.admission import handlers
from accord.web.people import accounts, keys

Client = TestClient[Any]
CANARY = "canary in a coal mine 7f3a"


def test_no_secret_is_kept_or_said_anywhere(
    closed: Client, file: Database, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with structlog.testing.capture_logs() as logged:
        come_in(closed, "Ada Moe")
        link = re.search(
            r"/invite/([\w-]+)",
            closed.post(f"/people/{accounts.find(file, 'Anna Lund').id}/act", data={"verb": "invite"}).text,
        )
        made = closed.post("/keys", data={"name": "erp", "scopes": "ask", "days": ""}).text
        secret = re.search(r"acc_[\w-]{43}", made)
        assert link is not None
        assert secret is not None
        seen = [
            closed.post(f"/invite/{link[1]}", data={"password": CANARY}),
            come_in(closed, CANARY, CANARY),  # typed into the wrong field
            come_in(closed, "Anna Lund", CANARY + " wrong"),
            closed.post("/account/password", data={"current": CANARY + " wrong", "password": CANARY}),
            closed.post("/account/password", data={"current": CANARY, "password": "short"}),
            closed.get(f"/invite/{link[1]}"),
            closed.get("/v1/items", headers={"Authorization": f"Bearer {secret[0]}x"}),
            closed.get("/people"),
            closed.get("/keys"),
        ]  # fmt: skip
        session = token(closed)
        closed.post("/sign-out")
        closed.cookies.set(COOKIE, session, domain="accord.localhost", path="/")
        seen.append(closed.post("/account/password", data={"current": CANARY, "password": CANARY}))
        seen.append(come_in(closed, "Anna Lund", CANARY))

    # What the client of this test says of its own requests is not the server's.
    server_said = "".join(one.getMessage() for one in caplog.records if not one.name.startswith("httpx"))
    secrets = [CANARY, PASSWORD, link[1], secret[0], session]
    everywhere = {
        "database": b"".join(path.read_bytes() for path in Path(str(file.path)).parent.glob("accord.db*")).decode("latin-1"),
        "pages": "".join(f"{one.status_code} {one.headers.get('location', '')} {one.text}" for one in seen[2:]),
        "logs": str(logged) + server_said + "".join(capfd.readouterr()),
    }  # fmt: skip
    assert [(place, one) for place, text in everywhere.items() for one in secrets if one in text] == []
    assert "argon2id" in everywhere["database"]  # it is the right file
    assert guess(file, "Anna Lund", CANARY) == "in"


def test_the_audit_says_who_gave_whom_a_role_by_the_policy_it_made(closed: Client, file: Database) -> None:
    come_in(closed, "Ada Moe")
    closed.post(f"/people/{accounts.find(file, 'Anna Lund').id}", data={"roles": "planner", "team": ""})

    with file.read() as tx:
        ((body,),) = tx.rows("SELECT body FROM audit WHERE type = 'PolicyStated' ORDER BY at DESC LIMIT 1")
    assert b'"actor":"Ada Moe"' in bytes(body)
    assert audit is not None


def test_every_write_of_a_page_or_the_api_that_comes_with_a_cookie_says_where_from(
    closed: Client, file: Database
) -> None:
    """From another site, and from nowhere: refused before anything is looked at, whatever the route."""
    come_in(closed, "Ada Moe")
    accounts.change(file, "Ada Moe", by="test", roles=list(accounts.ROLES))
    closed.get("/account")
    del closed.headers["Origin"]
    writes = [
        (path, method)
        for path, handler in handlers(closed.app)  # type: ignore[arg-type]
        for method in sorted(handler.http_methods)
        if method not in ("GET", "HEAD", "OPTIONS")
    ]
    assert len(writes) > 25

    let_in = []
    for path, method in writes:
        address = re.sub(r"\{[^}]+\}", "x", path).replace("/:", ":")
        for headers in (
            {},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": "http://other.accord.localhost"},
        ):
            answer = closed.request(
                method, address, headers={**headers, "Accept": "application/json"}, content=b""
            )
            if (answer.status_code, answer.json()["code"]) != (403, "from_elsewhere"):
                let_in.append((method, address, headers, answer.status_code))
    assert let_in == []


def test_a_program_sends_no_cookies_and_needs_no_origin(closed: Client, file: Database) -> None:
    secret = keys.add(file, "shop", ["ask"]).secret
    del closed.headers["Origin"]

    answer = closed.post("/v1/promises:ask", json={}, headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 422 or answer.status_code == 400
