"""An administrator says who may sign in, in which roles and teams; what somebody may changes with the next request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.web.conftest import PASSWORD, browser, come_in
from tests.web.test_sign_in import carry, guess, signed_in, token

from accord.db.engine import Database
from accord.kit.errors import Conflict, InputError, NotFound
from accord.policy import service as policy
from accord.policy.model import Actor
from accord.web.people import accounts, invites, keys, passwords, sessions, teams
from accord.web.people.invites import INVITE_DAYS

Client = TestClient[Any]
OTHER = "other words, enough of them"


@pytest.fixture
def admin(closed: Client) -> Client:
    come_in(closed, "Ada Moe")
    return closed


def id_of(db: Database, name: str) -> str:
    return accounts.find(db, name).id


def link_of(text: str) -> str:
    (link,) = re.findall(r"<code>(http[^<]+)</code>", text)
    return link


# --- what a good password is ---


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("elevenchars", "too_short"),
        ("            ", "too_common"),
        ("aaaaaaaaaaaaaaa", "too_common"),
        ("Password 1234", "too_common"),
        ("ANNA lund, the only", None),
        ("Anna Margrethe", "is_the_name"),
        ("anna@halden.example", "is_the_name"),
        ("x" * 1_001, "too_long"),
        ("only lower case", None),
        ("привет, как дела", None),
    ],
)
def test_a_password_is_long_and_not_among_the_first_guessed(password: str, code: str | None) -> None:
    names = ("Anna Margrethe", "anna@halden.example")
    if code is None:
        assert passwords.check(password, *names) == password
        return
    with pytest.raises(InputError) as refused:
        passwords.check(password, *names)
    assert refused.value.errors[0].code == code


def test_a_password_typed_on_another_keyboard_is_the_same(closed: Client, file: Database) -> None:
    accounts.set_password(file, "Anna Lund", "caf\u00e9 au lait, twice")

    assert guess(file, "Anna Lund", "cafe\u0301 au lait, twice") == "in"


def test_hashes_follow_the_parameters_at_the_next_sign_in(
    closed: Client, file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert guess(file, "Anna Lund", "wrong, and long enough") == "NotSignedIn"
    assert kept(file).startswith("$argon2id$v=19$m=8,t=1,p=1$")

    assert guess(file, "Anna Lund", PASSWORD) == "in"

    assert kept(file).startswith("$argon2id$v=19$m=16,t=2,p=1$")
    assert guess(file, "Anna Lund", PASSWORD) == "in"


def test_the_parameters_in_use_are_those_recommended() -> None:
    made = passwords.HASHER

    assert (made.type.name, made.time_cost, made.memory_cost, made.parallelism) == ("ID", 3, 65_536, 1)


def kept(db: Database) -> str:
    with db.read() as tx:
        ((found,),) = tx.rows("SELECT password FROM account WHERE name = 'Anna Lund'")
    return str(found)


# --- people ---


def test_somebody_is_added_and_sets_a_password_by_a_link_that_serves_once(
    admin: Client, file: Database
) -> None:
    form = {"name": "Nina  Vik", "email": "nina@halden.example", "roles": ["planner", "seller"], "team": ""}
    link = link_of(admin.post("/people/new", data=form).text)
    assert guess(file, "Nina Vik", PASSWORD) == "NotSignedIn"

    with browser(file) as nina:
        asked = nina.get(link)
        short = nina.post(link, data={"password": "short"})
        entered = nina.post(link, data={"password": OTHER})
        again = nina.post(link, data={"password": PASSWORD})
        assert signed_in(nina)

    assert "Nina Vik, this is your way into Accord" in asked.text
    assert short.status_code == 422
    assert "at least 12 characters" in short.text
    assert entered.status_code == 200
    assert (again.status_code, nina.get(link).status_code) == (404, 404)
    assert accounts.find(file, "nina@HALDEN.example").roles == ("seller", "planner")
    assert guess(file, "Nina Vik", OTHER) == "in"
    assert OTHER not in asked.text + short.text + entered.text


def test_a_link_is_over_after_a_week_and_with_the_next_one(
    admin: Client, file: Database, noon: Callable[[int], None]
) -> None:
    first, second = (invites.invite(file, "Anna Lund").secret for _ in range(2))

    assert invites.invited(file, first) is None
    assert invites.invited(file, second) is not None
    noon(INVITE_DAYS * 86_400)
    assert invites.invited(file, second) is None
    with pytest.raises(NotFound):
        invites.accept(file, second, OTHER)


def test_a_link_of_somebody_disabled_is_over(admin: Client, file: Database) -> None:
    secret = invites.invite(file, "Anna Lund").secret

    accounts.change(file, "Anna Lund", by="test", disabled=True)

    assert invites.invited(file, secret) is None
    with pytest.raises(Conflict):
        invites.invite(file, "Anna Lund")


WRONG = [
    ({"name": "", "roles": "seller"}, "A name is 1 to 100 characters"),
    ({"name": "Anybody", "roles": "seller"}, "cannot be anybody"),
    ({"name": "a@b.example", "roles": "seller"}, "cannot be anybody"),
    ({"name": "ANNA  lund", "roles": "seller"}, "There is an account with the name"),
    ({"name": "Nina", "email": "ADA@halden.example", "roles": "seller"}, "There is an account with the address"),
    ({"name": "Nina", "email": "nina", "roles": "seller"}, "is no e-mail address"),
    ({"name": "Nina"}, "Give one or more of the roles"),
    ({"name": "Nina", "roles": "director"}, "Give one or more of the roles"),
    ({"name": "Nina", "roles": "seller", "team": "west"}, "There is no team"),
]  # fmt: skip


def test_what_is_wrong_is_named_and_what_was_typed_is_kept(admin: Client, file: Database) -> None:
    for form, words in WRONG:
        answer = admin.post("/people/new", data=form)

        assert answer.status_code in (404, 409, 422), form
        assert words in answer.text
        assert f'value="{form["name"]}"' in answer.text
    assert [one.name for one in accounts.listed(file)] == ["Ada Moe", "Anna Lund"]


def test_another_role_counts_from_the_next_request_and_under_another_token(
    admin: Client, file: Database
) -> None:
    with browser(file) as anna:
        come_in(anna)
        before = token(anna)
        assert anna.get("/audit").status_code == 403
        admin.post(f"/people/{id_of(file, 'Anna Lund')}", data={"roles": ["seller", "executive"], "team": ""})

        assert anna.get("/audit").status_code == 200
        after = token(anna)
        assert after != before
        assert anna.get("/audit").status_code == 200
        assert token(anna) == after


def test_the_token_before_is_good_for_what_was_under_way_and_no_longer(
    admin: Client, file: Database, noon: Callable[[int], None]
) -> None:
    with browser(file) as anna:
        come_in(anna)
        before = token(anna)
        accounts.change(file, "Anna Lund", by="test", roles=["planner"])
        anna.get("/")
        anna.cookies.clear()
        carry(anna, before)

        assert signed_in(anna)
        assert token(anna) == before  # a token that is over does not get another
        noon(31)
        assert not signed_in(anna)


def test_who_is_disabled_is_out_at_once(admin: Client, file: Database) -> None:
    with browser(file) as anna:
        come_in(anna)
        admin.post(f"/people/{id_of(file, 'Anna Lund')}/act", data={"verb": "disable"})

        assert not signed_in(anna)
        assert come_in(anna).status_code == 401
        admin.post(f"/people/{id_of(file, 'Anna Lund')}/act", data={"verb": "enable"})
        assert not signed_in(anna)
        assert come_in(anna).status_code == 303


@pytest.mark.parametrize("change", [{"roles": ["seller"]}, {"disabled": True}])
def test_there_is_always_an_administrator(admin: Client, file: Database, change: dict[str, Any]) -> None:
    with pytest.raises(Conflict) as refused:
        accounts.change(file, "Ada Moe", by="Ada Moe", **change)

    assert refused.value.code == "last_administrator"
    accounts.change(file, "Anna Lund", by="test", roles=["administrator"])
    assert accounts.change(file, "Ada Moe", by="Ada Moe", **change)


def test_only_administrators_see_people_and_keys(closed: Client, file: Database) -> None:
    come_in(closed)

    for path in ("/people", "/people/new", f"/people/{id_of(file, 'Ada Moe')}", "/keys"):
        assert closed.get(path).status_code == 403
    for path in ("/people/new", "/people/teams", f"/people/{id_of(file, 'Ada Moe')}/act", "/keys"):
        assert closed.post(path, data={"verb": "disable", "name": "x", "team": "x"}).status_code == 403
    assert accounts.find(file, "Ada Moe").disabled_at is None
    assert 'href="/people"' not in closed.get("/account").text


# --- teams ---


def test_a_team_is_its_people_and_who_manages_them(admin: Client, file: Database) -> None:
    accounts.add(file, "Mia Berg", ["sales manager"], by="test", password=PASSWORD)
    admin.post("/people/teams", data={"team": "north", "manager": "Mia Berg"})
    admin.post(f"/people/{id_of(file, 'Anna Lund')}", data={"roles": "seller", "team": "north"})

    (team,) = teams.listed(file)
    assert (team.name, team.manager, team.people) == ("north", "Mia Berg", ("Anna Lund",))
    for name in ("Anna Lund", "Mia Berg"):
        found = sessions.find(file, sessions.begin(file, id_of(file, name), device="x"))
        assert found is not None
        assert found.who.team_mates == {"Anna Lund", "Mia Berg"}
    alone = sessions.find(file, sessions.begin(file, id_of(file, "Ada Moe"), device="x"))
    assert alone is not None
    assert alone.who.team_mates == frozenset()


# --- what the decision rights know ---


def stated(db: Database) -> dict[str, Actor]:
    with db.read() as tx:
        return {one.id: one for one in policy.book(tx).accounts}


def test_roles_and_teams_are_stated_to_the_policy_with_the_account(admin: Client, file: Database) -> None:
    teams.arrange(file, "north", by="Ada Moe", added=["Anna Lund"])
    with file.read() as tx:
        before = policy.version(tx)

    accounts.change(file, "Anna Lund", by="Ada Moe", disabled=True)

    assert stated(file)["Anna Lund"] == Actor(id="Anna Lund")
    with file.read() as tx:
        then = {one.id: one for one in policy.book_at(tx, before).accounts}
    assert then["Anna Lund"] == Actor(id="Anna Lund", roles=("seller",), team="north")


# --- one's own account ---


def test_another_password_ends_every_other_session_and_this_one_goes_on(
    closed: Client, file: Database
) -> None:
    with browser(file) as elsewhere:
        come_in(elsewhere)
        come_in(closed)
        before = token(closed)
        wrong = closed.post("/account/password", data={"current": OTHER, "password": OTHER})
        short = closed.post("/account/password", data={"current": PASSWORD, "password": "short"})
        assert signed_in(elsewhere)

        done = closed.post("/account/password", data={"current": PASSWORD, "password": OTHER})

        assert "This is not your password now" in wrong.text
        assert "at least 12 characters" in short.text
        assert "Your password is changed" in done.text
        assert signed_in(closed)
        assert token(closed) != before
        assert not signed_in(elsewhere)
    assert guess(file, "Anna Lund", PASSWORD) == "NotSignedIn"
    assert guess(file, "Anna Lund", OTHER) == "in"


def test_ones_password_cannot_be_guessed_by_changing_it(closed: Client) -> None:
    come_in(closed)
    said = [
        closed.post("/account/password", data={"current": f"guess number {n} of many", "password": OTHER})
        for n in range(6)
    ]

    assert [one.status_code for one in said] == [422] * 5 + [429]


def test_one_ends_ones_other_sessions_and_nobody_elses(closed: Client, file: Database) -> None:
    with browser(file) as one, browser(file) as two, browser(file) as ada:
        for client in (one, two):
            come_in(client)
        come_in(ada, "Ada Moe")
        come_in(closed)
        theirs = sessions.of_account(file, id_of(file, "Ada Moe"))[0].id
        page = closed.get("/account").text
        ids = re.findall(r'name="id" value="(ses_\w+)"', page)
        assert len(ids) == 2
        assert theirs not in ids

        assert closed.post("/account/sessions", data={"id": theirs}).status_code == 404
        closed.post("/account/sessions", data={"id": ids[0]})
        assert sorted([signed_in(one), signed_in(two)]) == [False, True]
        closed.post("/account/sessions")

        assert [signed_in(one), signed_in(two), signed_in(ada), signed_in(closed)] == [
            False,
            False,
            True,
            True,
        ]


@pytest.mark.parametrize(
    ("seconds", "is_open"), [(12 * 3_600 - 60, True), (12 * 3_600 + 1, False), (7 * 86_400 + 1, False)]
)
def test_a_session_ends_by_itself(
    closed: Client, file: Database, noon: Callable[[int], None], seconds: int, is_open: bool
) -> None:
    come_in(closed)
    noon(seconds)

    assert signed_in(closed) == is_open


def test_a_session_in_use_ends_after_a_week_all_the_same(closed: Client, noon: Callable[[int], None]) -> None:
    come_in(closed)
    seen = []
    for _ in range(15):
        noon(43_000)
        seen.append(signed_in(closed))

    assert seen == [True] * 14 + [False]


def test_what_is_long_over_is_forgotten(closed: Client, file: Database, noon: Callable[[int], None]) -> None:
    come_in(closed)
    assert sessions.forget(file) == 0
    noon(15 * 86_400)

    assert sessions.forget(file) == 1


# --- keys ---


def test_a_key_is_made_shown_once_and_revoked(admin: Client, file: Database) -> None:
    made = admin.post("/keys", data={"name": "erp", "scopes": ["ask", "supply"], "days": "30"})
    (secret,) = re.findall(r"<code>(acc_[\w-]+)</code>", made.text)
    bearer = {"Authorization": f"Bearer {secret}"}

    assert admin.get("/v1/items", headers=bearer).status_code == 200
    assert secret not in admin.get("/keys").text
    (key,) = keys.listed(file)
    assert (key.name, key.scopes, key.expires_at and (key.expires_at - key.created_at)) == (
        "erp", ("ask", "supply"), 30 * 86_400 * 1_000_000,
    )  # fmt: skip
    admin.post(f"/keys/{key.id}/revoke")
    assert keys.listed(file)[0].state == "revoked"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": "anna lund", "scopes": "ask", "days": ""}, "is a person here"),
        ({"name": "erp", "days": ""}, "one or more of the scopes"),
        ({"name": "", "scopes": "ask", "days": ""}, "1 to 100 characters"),
        ({"name": "erp", "scopes": "ask", "days": "99999"}, "one of the spans"),
    ],
)
def test_a_key_that_cannot_be_made_is_explained(
    admin: Client, file: Database, form: dict[str, str], words: str
) -> None:
    answer = admin.post("/keys", data=form)

    assert answer.status_code == 422
    assert words in answer.text
    assert keys.listed(file) == []
