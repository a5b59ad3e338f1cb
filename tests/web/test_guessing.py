"""Whoever guesses keeps himself out, not those he guesses about; and a crowd of them keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.web.conftest import PASSWORD, browser, come_in
from tests.web.test_sign_in import carry, token

from accord.db.engine import Database
from accord.kit.errors import AccordError
from accord.web.pages import signing_in
from accord.web.people import accounts, guesses, invites, passwords, sessions
from accord.web.people.sessions import Session
from accord.web.people.turns import WAITING_MAX, Turns

Client = TestClient[Any]
WRONG = "wrong, and long enough"
HERE, THERE = "192.0.2.1", "198.51.100.7"


def guess(
    db: Database, password: str = WRONG, *, name: str = "Anna Lund", times: int = 1, **place: Any
) -> str:
    said = "in"
    for _ in range(times):
        try:
            guesses.who_is(db, name, password, **place)
        except AccordError as error:
            said = type(error).__name__
    return said


def known(db: Database, name: str = "Anna Lund", *, is_over: bool = True) -> Session:
    """A browser in which somebody was signed in."""
    made = sessions.begin(db, accounts.find(db, name).id, device="Firefox on Linux")
    if is_over:
        sessions.end(db, made)
    found = sessions.find(db, made)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["Anna Lund", "Nobody Known"])
def test_who_guesses_wrongly_keeps_out_whoever_comes_from_there(
    closed: Client, file: Database, name: str
) -> None:
    guess(file, name=name, times=5, address=HERE)

    assert guess(file, PASSWORD, name=name, address=HERE) == "TooMany"
    assert guess(file, name=name, address=THERE) == "NotSignedIn"


def test_who_comes_from_elsewhere_is_let_in(closed: Client, file: Database) -> None:
    guess(file, times=9, address=HERE)

    assert guess(file, PASSWORD, address=THERE) == "in"


def test_if_all_places_were_one_a_stranger_would_lock_her_out(
    closed: Client, file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "_place", lambda *_: "s")
    guess(file, times=5, address=HERE)

    assert guess(file, PASSWORD, address=THERE) == "TooMany"


def test_a_browser_of_hers_is_let_in_whoever_guessed_next_to_it(closed: Client, file: Database) -> None:
    come_in(closed)
    mine = token(closed)
    sessions.end(file, mine)
    with browser(file) as stranger:
        said = [come_in(stranger, password=WRONG).status_code for _ in range(6)]
    carry(closed, mine)

    assert said == [401] * 5 + [429]
    assert come_in(closed).status_code == 303


def test_a_browser_of_hers_has_five_guesses_too(closed: Client, file: Database) -> None:
    mine = known(file)

    assert guess(file, times=5, browser=mine) == "NotSignedIn"
    assert guess(file, PASSWORD, browser=mine) == "TooMany"
    assert guess(file, PASSWORD, address=HERE) == "in"


def test_a_browser_of_somebody_else_is_as_good_as_none(closed: Client, file: Database) -> None:
    adas = known(file, "Ada Moe", is_over=False)
    guess(file, times=5, address=HERE)

    assert guess(file, PASSWORD, address=HERE, browser=adas) == "TooMany"


def test_from_all_places_together_fifty_guesses_are_looked_at(closed: Client, file: Database) -> None:
    looked_at = [guess(file, address=f"192.0.2.{n % 60}") for n in range(60)].count("NotSignedIn")

    assert looked_at == 50
    assert guess(file, PASSWORD, address=THERE) == "TooMany"
    assert guess(file, PASSWORD, browser=known(file)) == "in"


def test_whoever_has_one_address_of_a_network_of_today_has_all_of_them(
    closed: Client, file: Database
) -> None:
    guess(file, times=5, address="2001:db8:1:2::1")

    assert guess(file, PASSWORD, address="2001:db8:1:2:ffff::9") == "TooMany"
    assert guess(file, PASSWORD, address="2001:db8:1:3::1") == "in"
    guess(file, times=5, address=f"::ffff:{HERE}")
    assert guess(file, PASSWORD, address=HERE) == "TooMany"


def test_a_link_lets_her_in_from_every_place(closed: Client, file: Database) -> None:
    for n in range(50):
        guess(file, address=f"192.0.2.{n}")
    invites.accept(file, invites.invite(file, "Anna Lund").secret, "five words are enough, too")

    assert guess(file, "five words are enough, too", address="192.0.2.1") == "in"


def test_guesses_of_a_stranger_do_not_keep_her_from_changing_her_password(
    closed: Client, file: Database
) -> None:
    come_in(closed)
    with browser(file) as stranger:
        for _ in range(6):
            come_in(stranger, password=WRONG)

    changed = closed.post(
        "/account/password", data={"current": PASSWORD, "password": "five words are enough, too"}
    )

    assert "Your password is changed" in changed.text


# --- a crowd ---


def test_who_finds_no_room_is_sent_away_with_the_form_as_it_was(
    closed: Client, file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_in, "TURNS", Turns(waiting_max=0))

    answer = come_in(closed, after="/promises")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert 'value="Anna Lund"' in answer.text
    assert 'value="/promises"' in answer.text
    assert "Too many people sign in at this moment" in answer.text
    with file.read() as tx:
        assert tx.rows("SELECT count(*) FROM sign_in") == [(0,)]  # it was no guess


@pytest.fixture
def crowd(closed: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[Future[int]]]]:
    """Lets more come at once than a server has threads, while the look at a password does not end."""
    ends = threading.Event()

    class Slow:
        def verify(self, *_: str) -> bool:
            ends.wait(20)
            return False

    passwords.warm()
    monkeypatch.setattr(passwords, "HASHER", Slow())
    with ThreadPoolExecutor(WAITING_MAX + 8) as pool:

        def comes() -> list[Future[int]]:
            sent = [
                pool.submit(lambda n=n: come_in(closed, f"Nobody {n}").status_code)
                for n in range(WAITING_MAX + 8)
            ]
            time.sleep(0.5)
            return sent

        yield comes
        ends.set()


def answered_in(client: Client, seconds: float) -> bool:
    """Whether the server says in this time how it is, and gives a page."""
    pool = ThreadPoolExecutor(1)
    asked = pool.submit(lambda: [client.get(path).status_code for path in ("/v1/health", "/sign-in")])
    try:
        return asked.result(seconds) == [200, 200]
    except TimeoutError:
        return False
    finally:
        pool.shutdown(wait=False)


def test_a_crowd_that_signs_in_keeps_nobody_else_waiting(
    closed: Client, crowd: Callable[[], list[Future[int]]]
) -> None:
    crowd()

    assert answered_in(closed, 5)


def test_among_the_threads_of_all_others_it_would(
    closed: Client, crowd: Callable[[], list[Future[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Among:
        async def take(self, work: Callable[[], Any]) -> Any:
            return await asyncio.to_thread(work)

    monkeypatch.setattr(signing_in, "TURNS", Among())
    crowd()

    assert not answered_in(closed, 1)
