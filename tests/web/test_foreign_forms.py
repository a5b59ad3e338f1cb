"""What another site makes a browser send changes nothing here, whichever route it aims at.

Every route that changes something is taken from the application itself, so that a new one cannot be forgotten; each is sent with
the session of somebody who may do everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.web.strangers import EVERYBODY, HOST, World, digest_of, opened

from accord.db.engine import Database
from accord.web.access import admission, authority
from accord.web.entrance import gate, shell
from accord.web.people import accounts, sessions

COOKIE = "accord_80"
ELSEWHERE = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {
        "Sec-Fetch-Site": "same-site",
        "Origin": HOST,
    },  # a neighbour under the same domain, whatever else it says
    {"Origin": f"{HOST}:8471"},
    {"Origin": f"{HOST}.evil.example"},
    {"Referer": "https://evil.example/"},  # neither: it came with a cookie, and does not say from where
)
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def world(file: Database, noon: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The company as it is served, and a browser in which somebody of every role is signed in."""
    with opened(file, monkeypatch, is_open=False, is_told=False) as made:
        account = accounts.add(file, EVERYBODY, list(authority.ROLES), by="test")
        made.client.cookies.set(COOKIE, sessions.begin(file, account.id, device="a browser"))
        yield made


def aims(world: World) -> list[tuple[str, str]]:
    """Every route that changes something, with an address at which there is something to change."""
    found = set()
    for path, handler in admission.handlers(world.client.app):
        for method in handler.http_methods & WRITES:
            kind = admission.kind_of(handler, admission.operations_of(handler)[-1])
            operation = admission.operations_of(handler)[-1]
            id = world.made(kind, EVERYBODY, operation) if kind and "{id" in path else "x"
            found.add((method, path.replace("{id:str}", id).replace("/:", ":").replace("{secret:str}", "x")))
    return sorted(found)


def accepted(world: World, headers: dict[str, str], targets: list[tuple[str, str]]) -> list[str]:
    """What was let in though it came from elsewhere, or changed something."""
    wrong = []
    before = _all_of(world.db)
    for method, path in targets:
        for given in ({"data": {"verb": "release", "key": "k", "name": EVERYBODY}}, {"json": {}}):
            # As a browser that is made to: no header of ours, and the cookie with it.
            world.client.headers.pop("Accept", None)
            response = world.client.request(
                method, path, headers={"Idempotency-Key": "k", **headers}, follow_redirects=False, **given
            )
            if response.status_code != 403 or response.json().get("code") != "from_elsewhere":
                wrong.append(f"{method} {path} {headers}: {response.status_code}")
    if _all_of(world.db) != before:
        wrong.append(f"something changed by {headers}")
    return wrong


def _all_of(db: Database) -> str:
    """Sessions and sign-ins, too: nobody is signed out, or in to another account, from elsewhere."""
    with db.read() as tx:
        sessions = tx.rows("SELECT id, hash, account_id, ended_at FROM session ORDER BY id")
    return digest_of(db) + repr(sessions)


def test_nothing_is_accepted_from_elsewhere(world: World) -> None:
    targets = aims(world)

    assert [one for headers in ELSEWHERE for one in accepted(world, headers, targets)] == []


def test_there_is_something_to_aim_at(world: World) -> None:
    paths = {path.partition("?")[0] for _, path in aims(world)}

    assert {"/promise", "/sign-in", "/sign-out", "/v1/promises", "/v1/supply", "/v1/imports"} <= paths
    assert sum(path.startswith("/v1/") for path in paths) >= 15


def test_a_page_of_ours_is_heard(world: World) -> None:
    id = world.made("promise", EVERYBODY, "promise.release")

    own = {"Origin": HOST, "Sec-Fetch-Site": "same-origin"}
    answer = world.client.post(
        f"/promises/{id}", data={"verb": "release", "key": "k"}, headers=own, follow_redirects=False
    )
    api = world.client.post("/v1/promises:validate", json={}, headers=own)

    assert (answer.status_code, api.status_code) == (303, 422)


def test_without_the_check_what_comes_from_elsewhere_is_accepted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "is_own", lambda _: True)
    monkeypatch.setattr(gate, "is_own", lambda _: True)

    found = accepted(world, {"Origin": "https://evil.example"}, aims(world))

    assert any("something changed" in one for one in found)
    assert any("/v1/promises" in one for one in found)


def test_nothing_is_changed_by_looking(world: World) -> None:
    """A link or a picture can be aimed at every address, by anybody."""
    made: TestClient[Any] = world.client
    ids = {kind: world.made(kind, EVERYBODY, f"{kind}.read") for kind in authority.KINDS}
    addresses = []
    for path, handler in admission.handlers(made.app):
        kind = admission.kind_of(handler, admission.operations_of(handler)[-1])
        address = path.replace("{id:str}", ids.get(kind, "x")).replace("/:", ":")
        addresses.append(
            address.replace("{secret:str}", "x").replace("{seq:int}", "1").replace("{name:path}", "x")
        )
    before = _all_of(world.db)

    for address in addresses:
        query = {"verb": "commit", "key": "k", "q": "1 X-100", "item": "X-100", "site": "Halden"}
        for method in ("GET", "HEAD", "OPTIONS"):
            assert made.request(method, address, params=query, follow_redirects=False).status_code < 500

    assert _all_of(world.db) == before
