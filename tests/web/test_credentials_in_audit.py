"""Whoever makes or hands over what lets somebody in is in the record, and no two go by one name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import structlog
from litestar.testing import TestClient
from tests.web.conftest import PASSWORD, come_in

from accord.db.engine import Database
from accord.kit.errors import AccordError
from accord.web.pages.audited import TYPES
from accord.web.people import accounts, invites, keys

Client = TestClient[Any]


def recorded(db: Database) -> list[tuple[str, dict[str, Any]]]:
    """What the record says of what lets people and programs in."""
    with db.read() as tx:
        rows = tx.rows(
            "SELECT type, body FROM audit WHERE type LIKE 'Key%' OR type LIKE 'Password%' ORDER BY at, seq"
        )
    return [(type, msgspec.json.decode(bytes(body))) for type, body in rows]


def test_a_key_is_made_and_ended_by_somebody(closed: Client, file: Database) -> None:
    come_in(closed, "Ada Moe")
    made = closed.post("/keys", data={"name": "erp", "scopes": ["ask", "supply"], "days": ""})
    (key,) = keys.listed(file)
    for _ in range(2):  # ended once
        closed.post(f"/keys/{key.id}/revoke")

    assert recorded(file) == [
        ("KeyMade", {"actor": "Ada Moe", "expires_at": None, "id": key.id, "key": "erp", "scopes": ["ask", "supply"]}),
        ("KeyRevoked", {"actor": "Ada Moe", "id": key.id, "key": "erp"}),
    ]  # fmt: skip
    assert "acc_" in made.text
    assert {type for type, _ in recorded(file)} <= set(TYPES)


def test_a_link_that_lets_somebody_in_is_made_by_somebody_and_used_by_its_owner(
    closed: Client, file: Database
) -> None:
    anna = accounts.find(file, "Anna Lund")
    come_in(closed, "Ada Moe")
    closed.post(f"/people/{anna.id}/act", data={"verb": "invite"})
    link = invites.invite(file, "Anna Lund", by="command line")
    invites.accept(file, link.secret, "five words are enough, too")
    come_in(closed, password="five words are enough, too")
    closed.post("/account/password", data={"current": "five words are enough, too", "password": PASSWORD})
    accounts.set_password(file, "Anna Lund", "six words are enough here, too", by="command line")

    said = {"account": "Anna Lund", "id": anna.id}
    assert recorded(file) == [
        ("PasswordLinkMade", {"actor": "Ada Moe", **said}),
        ("PasswordLinkMade", {"actor": "command line", **said}),
        ("PasswordSet", {"actor": "Anna Lund", **said}),
        ("PasswordSet", {"actor": "Anna Lund", **said}),
        ("PasswordSet", {"actor": "command line", **said}),
    ]
    assert {type for type, _ in recorded(file)} <= set(TYPES)


def test_no_program_goes_by_the_name_of_a_person(closed: Client, file: Database) -> None:
    for name in ("Anna Lund", "anna  LUND", "anybody"):
        with pytest.raises(AccordError, match="Choose another"):
            keys.add(file, name, ["promise"])

    assert keys.listed(file) == []


def test_no_person_goes_by_the_name_of_a_program(closed: Client, file: Database) -> None:
    keys.revoke(file, keys.add(file, "Shop One", ["promise"]).id)  # what was done under it stays

    with pytest.raises(AccordError, match="program"):
        accounts.add(file, "shop one", ["seller"], by="test")


def test_a_mistake_of_ours_does_not_say_in_the_log_what_lets_somebody_in(
    closed: Client, file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = invites.invite(file, "Anna Lund", by="test")

    def fails(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(invites, "invited", fails)
    closed._transport.raise_server_exceptions = False  # type: ignore[attr-defined]
    with structlog.testing.capture_logs() as logged:
        answer = closed.get(f"/invite/{link.secret}")

    assert answer.status_code == 500
    assert [one["path"] for one in logged] == ["/invite/…"]
    assert link.secret not in str(logged)
