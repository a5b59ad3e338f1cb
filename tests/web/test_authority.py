"""Nothing is served that nobody gave to anybody: every route is a row of the table, and the table is complete."""

from __future__ import annotations

import re

import pytest
from litestar import Litestar, get, post
from litestar.params import FromPath

from accord.db.engine import Database
from accord.demo import pages as demo
from accord.kit.doors import NotYourRole, NotYours, Reach
from accord.kit.who import ANYBODY, Who
from accord.policy import api as policy_api
from accord.web.access import admission, authority
from accord.web.access.admission import Undeclared
from accord.web.access.authority import ROLES, ROWS, TABLE, doors
from accord.web.people import keys
from accord.web.server.app import on


def test_every_row_says_whom_it_lets_in_and_why() -> None:
    assert len(TABLE) == len(ROWS)
    for row in ROWS:
        assert re.fullmatch(r"[a-z]+\.[a-z]+", row.id)
        assert row.why
        assert row.does
        assert row.kind in ("", *authority.KINDS)
        assert row.scope in ("", *keys.SCOPES)
        assert row.is_public or set(row.reaches) == set(ROLES)
        assert row.is_public or row.scope or any(row.reaches.values()), f"{row.id} lets nobody in"


def test_every_row_is_used_by_a_route_and_every_route_is_a_row(file: Database) -> None:
    served = [*admission.handlers(on(file)), *(("", one) for one in demo.EXTRAS.pages)]
    named = {one for _, handler in served for one in admission.operations_of(handler)}

    assert named == set(TABLE)


@get("/nobodys")
async def _of_nobody() -> None:
    """Names no operation."""


@post("/unknown", opt={"operation": "promise.steal"})
async def _unknown() -> None:
    """Names one there is not."""


@get("/promises/{promise:str}/lines", opt={"operation": "promise.read"})
async def _unnamed(promise: FromPath[str]) -> None:
    """Nobody could tell whose it is."""


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (_of_nobody, "GET /nobodys (tests.web.test_authority._of_nobody): names no operation"),
        (
            _unknown,
            "POST /unknown (tests.web.test_authority._unknown): there is no operation 'promise.steal'",
        ),
        (_unnamed, "the promise in the address must be called id"),
    ],
    ids=lambda one: getattr(one, "handler_name", ""),
)
def test_a_route_that_nobody_has_given_to_anybody_is_not_served(
    file: Database, monkeypatch: pytest.MonkeyPatch, route: object, words: str
) -> None:
    monkeypatch.setattr("accord.web.server.app.POLICY_ROUTES", [*policy_api.ROUTES, route])

    with pytest.raises(Undeclared) as refused:
        on(file)

    assert words.replace("/nobodys", "/v1/nobodys").replace("/unknown", "/v1/unknown") in str(refused.value)
    assert "add one with a reason" in str(refused.value)


def test_the_check_can_be_passed() -> None:
    admission.check(Litestar([], openapi_config=None))


# --- who may, by the table alone ---

SEA = Who(actor="sea", roles=("seller",), team="north", team_mates=frozenset({"mate"}))


def test_one_reaches_ones_own_and_the_team_as_the_row_says() -> None:
    may = doors(SEA)

    assert may.reach("promise.read") is Reach.team
    assert may.actors("promise.read") == {"sea", "mate"}
    assert may.actors("promise.amend") == {"sea"}
    assert may.actors("promise.ask") is None
    assert may.actors("approval.decide") == frozenset()
    assert may.covers("promise.amend", "sea")
    with pytest.raises(
        NotYours, match=r"belongs to mate. You may amend a promise only where you yourself made it"
    ):
        may.check("promise.amend", "mate")
    with pytest.raises(NotYourRole, match=r"Your role \(seller\) does not include this"):
        may.check("approval.decide", "mate")


def test_several_roles_reach_as_far_as_the_furthest() -> None:
    may = doors(Who(actor="x", roles=("seller", "supply lead")))

    assert may.reach("promise.amend") is Reach.all
    assert may.reach("promise.hold") is Reach.own


@pytest.mark.parametrize("roles", [(), ("director",)], ids=str)
def test_without_a_role_there_is_ones_own_account_and_nothing_else(roles: tuple[str, ...]) -> None:
    may = doors(Who(actor="x", roles=roles))

    opened = {row.id for row in ROWS if may.opens(row.id) and not row.is_public}
    assert opened == {"account.own", "notice.own", "practice.switch"}


def test_who_is_not_signed_in_finds_only_public_doors() -> None:
    may = doors(None)

    assert {row.id for row in ROWS if may.opens(row.id)} == {row.id for row in ROWS if row.is_public}


def test_anybody_on_an_open_server_may_everything() -> None:
    may = doors(Who(actor=ANYBODY, is_open=True))

    assert all(may.actors(row.id) is None for row in ROWS)


@pytest.mark.parametrize("scope", keys.SCOPES)
def test_a_key_opens_what_its_scope_says_and_nothing_that_takes_a_person(scope: str) -> None:
    may = doors(Who(actor="crm", scopes=(scope,)))

    opened = {row.id for row in ROWS if may.opens(row.id) and not row.is_public}
    expected = {row.id for row in ROWS if row.scope and (scope == "admin" or row.scope in ("ask", scope))}
    assert opened == expected
    assert not {one for one in opened if one.startswith(("people.", "keys.", "account."))}


def test_a_rule_is_said_in_words() -> None:
    assert authority.rule("promise.cancel") == (
        "Who may cancel a commitment: a seller (their own), a sales manager (their team's), a supply lead (everybody's)."
    )
    assert authority.rule("account.own").startswith("Everybody who is signed in may")
    assert authority.rule("events.read") == (
        "No person may read along with what happens; programs with a key of scope ask may."
    )
    assert authority.rule("server.health") == "Anybody may see whether the server can promise."
