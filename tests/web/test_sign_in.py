"""Who has no session is let in by name and password, under a token that nobody knew before, and out on the server."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from litestar.testing import TestClient
from tests.web.conftest import HOST, PASSWORD, browser, come_in

from accord.db.engine import Database
from accord.kit.errors import AccordError, TooMany
from accord.promise import service
from accord.web.entrance.shell import own_path
from accord.web.people import accounts, guesses, invites, passwords, sessions
from accord.web.people.guesses import NotSignedIn

Client = TestClient[Any]
COOKIE = "accord_80"


def token(client: Client) -> str:
    return client.cookies.get(COOKIE) or ""


def carry(client: Client, token: str) -> None:
    client.cookies.set(COOKIE, token, domain="accord.localhost", path="/")


def signed_in(client: Client) -> bool:
    return client.get("/account", follow_redirects=False).status_code == 200


@pytest.mark.parametrize("name", ["Anna Lund", "anna  lund", "ANNA LUND"])
def test_name_and_password_let_one_in_where_one_was_going(closed: Client, name: str) -> None:
    asked = closed.get("/promises?state=held", follow_redirects=False)

    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=/promises%3Fstate%3Dheld")
    assert 'value="/promises?state=held"' in closed.get(asked.headers["location"]).text
    entered = come_in(closed, name, after="/promises?state=held")

    assert (entered.status_code, entered.headers["location"]) == (303, "/promises?state=held")
    assert "Anna Lund" in closed.get("/promises").text


def test_an_address_serves_as_a_name(closed: Client) -> None:
    assert come_in(closed, "ADA@halden.example").status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(closed: Client) -> None:
    plain = come_in(closed).headers["set-cookie"]
    closed.base_url = "https://accord.localhost"
    closed.headers["Origin"] = "https://accord.localhost"
    secure = come_in(closed).headers["set-cookie"]

    assert re.fullmatch(rf"{COOKIE}=[\w-]{{43}}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax", plain)
    assert re.fullmatch(
        r"__Host-accord=[\w-]{43}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure", secure
    )


def test_a_token_that_was_there_before_is_worth_nothing_after(closed: Client, file: Database) -> None:
    carry(closed, "chosen-by-somebody-else")
    come_in(closed)
    first = token(closed)
    come_in(closed)

    assert first not in ("", "chosen-by-somebody-else")
    assert token(closed) not in ("", first)
    assert sessions.find(file, "chosen-by-somebody-else") is None
    over = sessions.find(file, first)
    assert over is not None
    assert not over.is_open


def test_signing_out_ends_the_session_on_the_server(closed: Client, file: Database) -> None:
    come_in(closed)
    mine = token(closed)

    closed.post("/sign-out")
    assert token(closed) == ""
    carry(closed, mine)

    assert not signed_in(closed)
    assert closed.get("/v1/items").status_code == 401


def test_signing_out_is_no_link(closed: Client) -> None:
    come_in(closed)

    assert closed.get("/sign-out").status_code == 405
    assert signed_in(closed)


def test_every_refusal_to_let_in_is_alike(closed: Client, file: Database) -> None:
    accounts.add(file, "Nils Invited", ["seller"], by="test")
    accounts.change(file, "Anna Lund", by="test", disabled=True)

    said = {
        (answer.status_code, answer.text.replace(name, "NAME"))
        for name, password in [
            ("Nobody Known", PASSWORD),
            ("Anna Lund", PASSWORD),  # disabled
            ("Nils Invited", ""),  # without a password
            ("Ada Moe", "wrong, and long enough"),
        ]
        for answer in [come_in(closed, name, password)]
    }

    assert len(said) == 1
    ((status, text),) = said
    assert status == 401
    assert "do not belong together" in text


def test_an_unknown_name_is_as_much_work_as_a_known_one(
    closed: Client, file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    passwords.warm()
    real = passwords.HASHER

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            compared.append(kept.rpartition("$")[0].rpartition("$")[0])
            return real.verify(kept, password)

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    monkeypatch.setattr(passwords, "HASHER", Counting())
    for name in ("Anna Lund", "Nobody Known"):
        with pytest.raises(NotSignedIn):
            guesses.who_is(file, name, "wrong, and long enough")

    assert compared == ["$argon2id$v=19$m=8,t=1,p=1"] * 2


def guess(db: Database, name: str, password: str) -> str:
    try:
        guesses.who_is(db, name, password)
    except AccordError as error:
        return type(error).__name__
    return "in"


@pytest.mark.parametrize("name", ["Anna Lund", "Nobody Known"])
def test_five_wrong_guesses_are_looked_at_in_a_quarter_of_an_hour(
    closed: Client, file: Database, name: str
) -> None:
    first = [guess(file, name, f"wrong number {n} of many") for n in range(5)]
    then = [guess(file, name, PASSWORD) for _ in range(3)]

    assert first == ["NotSignedIn"] * 5
    assert then == ["TooMany"] * 3
    assert [come_in(closed, name, "wrong, and long enough").status_code for _ in range(6)][4:] == [401, 429]


@pytest.fixture
def anna(db: Database, quick: None) -> Database:
    """Anna Lund on each engine in turn."""
    accounts.add(db, "Anna Lund", ["administrator"], by="test", password=PASSWORD)
    return db


def test_of_guesses_sent_side_by_side_no_more_are_looked_at(anna: Database) -> None:
    assert side_by_side(lambda _n: guess(anna, "Anna Lund", "wrong, and long enough")) == {
        "NotSignedIn": 5,
        "TooMany": 11,
    }


def test_without_the_count_all_of_them_would_be(anna: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "_count", lambda *_: 0)

    assert side_by_side(lambda _n: guess(anna, "Anna Lund", "wrong, and long enough")) == {"NotSignedIn": 16}


def test_of_two_who_use_a_link_one_sets_the_password(anna: Database) -> None:
    secret = invites.invite(anna, "Anna Lund").secret

    def accept(n: int) -> str:
        try:
            invites.accept(anna, secret, f"the password of number {n}")
        except AccordError as error:
            return type(error).__name__
        return "set"

    assert side_by_side(accept) == {"NotFound": 15, "set": 1}


def test_of_two_administrators_who_disable_each_other_one_stays(anna: Database) -> None:
    accounts.add(anna, "Ada Moe", ["administrator"], by="test")

    def disable(n: int) -> str:
        try:
            accounts.change(anna, ("Anna Lund", "Ada Moe")[n % 2], by="test", disabled=True)
        except AccordError as error:
            return error.code
        return "disabled"

    assert side_by_side(disable) == {"disabled": 8, "last_administrator": 8}
    assert [one.disabled_at is None for one in accounts.listed(anna)].count(True) == 1


def test_of_several_who_make_the_same_account_one_does(anna: Database) -> None:
    def add(n: int) -> str:
        try:
            accounts.add(anna, "Nina Vik", ["seller"], by="test")
        except AccordError as error:
            return error.code
        return "made"

    assert side_by_side(add) == {"made": 1, "name_taken": 15}


def side_by_side(do: Callable[[int], str]) -> dict[str, int]:
    """What comes of sixteen at once."""
    all_there = threading.Barrier(16)
    found: list[str] = []

    def one(n: int) -> None:
        all_there.wait()
        found.append(do(n))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {word: found.count(word) for word in sorted(set(found))}


def test_the_right_password_is_no_guess(closed: Client, file: Database) -> None:
    assert [guess(file, "Anna Lund", PASSWORD) for _ in range(8)] == ["in"] * 8
    assert [guess(file, "Anna Lund", "wrong, and long enough") for _ in range(6)][-2:] == [
        "NotSignedIn",
        "TooMany",
    ]


def test_after_a_quarter_of_an_hour_one_may_guess_again(closed: Client, file: Database, noon: Any) -> None:
    for n in range(5):
        guess(file, "Anna Lund", f"wrong number {n} of many")
    with pytest.raises(TooMany) as refused:
        guesses.who_is(file, "Anna Lund", PASSWORD)
    noon(15 * 60)

    assert 14 * 60 < refused.value.retry_after_seconds <= 15 * 60
    assert guess(file, "Anna Lund", PASSWORD) == "in"


EVIL = (
    "//evil.example", "https://evil.example", "/\\evil.example", "\\/evil.example", "/\t/evil.example", "javascript:alert(1)",
    "evil.example", "", "/%0d%0aSet-Cookie:x=1\r\n", "/sign-in?next=/sign-in", "///evil.example", "/v1/items", "\x00/x",
)  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
def test_what_is_no_page_of_ours_is_not_followed(evil: str) -> None:
    assert own_path(evil) == "/"


def test_one_is_sent_nowhere_else(closed: Client) -> None:
    sent = [come_in(closed, after=evil).headers["location"] for evil in EVIL]
    there = [
        closed.get(f"/sign-in?next={quote(evil)}", follow_redirects=False).headers["location"]
        for evil in EVIL
    ]

    assert {*sent, *there} == {"/"}


def test_a_form_that_came_too_late_is_kept_and_shown_and_never_sent_by_itself(
    closed: Client, file: Database
) -> None:
    come_in(closed)
    sessions.end(file, token(closed))
    sent = {"q": "5 X-100", "verb": "hold", "option": "opt_1", "digest": "d", "key": "req_1"}
    late = closed.post("/promise", data=sent, follow_redirects=False)
    assert late.headers["location"] == "/sign-in?next=/kept"
    # Somebody else at the same browser does not see it.
    assert come_in(closed, "Ada Moe", after="/kept").headers["location"] == "/kept"
    assert closed.get("/kept", follow_redirects=False).headers["location"] == "/"

    come_in(closed, after="/kept")
    kept = closed.get("/kept").text

    assert "5 X-100" in kept
    assert 'action="/promise"' in kept
    assert 'name="key" value="req_1"' in kept
    assert service.promises(file)[0] == []
    closed.post("/kept")
    assert closed.get("/kept", follow_redirects=False).headers["location"] == "/"


def test_what_a_stranger_sends_is_not_kept(closed: Client, file: Database) -> None:
    carry(closed, "never-a-session")

    closed.post("/promise", data={"q": "5 X-100"})

    with file.read() as tx:
        assert tx.rows("SELECT count(*) FROM kept_form") == [(0,)]


FROM = (
    ({"Origin": HOST}, True),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({}, False),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": HOST}, False),
    ({"Sec-Fetch-Site": "same-site", "Origin": HOST}, False),
)


@pytest.mark.parametrize("path", ["/kept", "/v1/promises:ask"])
def test_what_comes_with_a_cookie_must_come_from_a_page_of_ours(closed: Client, path: str) -> None:
    come_in(closed)
    del closed.headers["Origin"]
    line = {"item": "X-100", "quantity": "5", "requested_on": "2026-12-01"}
    body = {"json": {"customer": "Northwind", "lines": [line]}} if path.startswith("/v1") else {}

    let_in = [
        closed.post(path, headers={**headers, "Accept": "*/*"}, **body).status_code != 403
        for headers, _ in FROM
    ]

    assert let_in == [is_own for _, is_own in FROM]


def test_a_page_of_ours_reads_the_api_with_its_session(closed: Client) -> None:
    come_in(closed)

    assert closed.get("/v1/items").status_code == 200
    assert closed.get("/v1/items", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_who_must_sign_in_first_is_told_so_where_no_page_is_read(closed: Client) -> None:
    answer = closed.get("/promises", headers={"Accept": "text/event-stream"})

    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"


def test_two_browsers_are_two_sessions(closed: Client, file: Database) -> None:
    come_in(closed)
    with browser(file) as other:
        come_in(other)

        assert token(other) != token(closed)
        assert len(sessions.of_account(file, accounts.find(file, "Anna Lund").id)) == 2


def test_what_other_programs_on_this_machine_put_into_cookies_signs_nobody_out(closed: Client) -> None:
    come_in(closed)
    mine = f"{COOKIE}={token(closed)}"
    closed.cookies.clear()

    for other in ("role=sales manager", 'x="a', "a b c", "=", "ü=ö", 'k={"json": [1]}'):
        for header in (f"{other}; {mine}", f"{mine}; {other}"):
            answer = closed.get("/account", headers={"Cookie": header.encode()}, follow_redirects=False)
            assert answer.status_code == 200, header


BOOSTED = {"Accept": "*/*", "HX-Request": "true", "HX-Boosted": "true"}


def test_a_step_that_a_script_takes_leads_to_signing_in_as_a_whole_page(
    closed: Client, file: Database
) -> None:
    """Scripts follow a redirect unseen and put what comes into the page; this one must be seen."""
    step = closed.get("/promises?state=held", headers=BOOSTED, follow_redirects=False)
    part = closed.get(
        "/promises?q=x",
        headers={"Accept": "*/*", "HX-Request": "true", "HX-Current-URL": f"{HOST}/promises?state=held"},
        follow_redirects=False,
    )
    come_in(closed)
    sessions.end(file, token(closed))
    form = closed.post("/promise", data={"q": "5 X-100"}, headers=BOOSTED, follow_redirects=False)

    for answer in (step, part):
        assert (answer.status_code, answer.headers["hx-redirect"]) == (
            200,
            "/sign-in?next=/promises%3Fstate%3Dheld",
        )
    assert (form.status_code, form.headers["hx-redirect"]) == (200, "/sign-in?next=/kept")


def test_what_goes_wrong_in_a_step_that_a_script_takes_is_said_on_a_page(closed: Client) -> None:
    come_in(closed)

    answer = closed.get("/people", headers=BOOSTED)

    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
