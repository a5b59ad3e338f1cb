"""In practice everything works as in live, and nothing of it crosses."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment
from litestar.testing import TestClient
from tests.company import iso_day, said_day
from tests.web.conftest import HOST, browser, come_in
from tests.web.test_pages import Page, page

from accord.db import outbox, practice
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.db.practice import NotForPractice, beside
from accord.promise import service
from accord.web.entrance.practice import PRACTICE, SaysWorld, chosen_world
from accord.web.people import accounts, keys
from accord.web.server.app import on
from accord.web.server.jobs import JOBS, PRACTICE_JOBS

Visitor = TestClient[Any]
TEMPLATES = sorted(Path(practice.__file__).parents[1].glob("*/templates/*.html"))


@pytest.fixture
def both(file: Database, today: int) -> Iterator[Visitor]:
    """A browser on a server with practice."""
    assert file.path is not None
    app = on(file, is_open=True, rate=0, practice_url=f"sqlite:///{beside(file.path)}")
    with TestClient(app, base_url=HOST) as client:
        client.headers["Accept"] = "text/html"
        client.headers["Sec-Fetch-Site"] = "same-origin"  # as browsers say
        yield client


def switch(client: Visitor, verb: str) -> Page:
    return page(client.post("/practice", data={"verb": verb}))


def form_of(found: Any, action: str) -> str:
    (address,) = set(re.findall(rf'<form[^>]*action="({action}\?[^"]*)"', found.text))
    return address.replace("&amp;", "&")


def promise(client: Visitor, line: str, verb: str = "commit") -> Any:
    """Through the pages, as a person does."""
    asked = page(client.get("/", params={"q": line}))
    preview = client.get("/preview", params={**asked.fields, "option": asked.options[0], "verb": verb})
    return client.post(form_of(preview, "/promise"), data=page(preview).fields)


def rows(db: Database) -> dict[str, int]:
    """How many rows each table has."""
    with db.read() as tx:
        names = [
            name for (name,) in tx.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        ]
        return {name: tx.rows(f"SELECT count(*) FROM {name}")[0][0] for name in names}


def test_a_cookie_of_a_stranger_does_not_make_a_copy_of_the_database(closed: Visitor, file: Database) -> None:
    """Anybody can send one, and the copy takes as long and as much room as the database."""
    assert file.path is not None
    copy = beside(file.path)
    with browser(file, practice_url=f"sqlite:///{copy}") as client:
        client.cookies.set("accord_80_world", PRACTICE, domain="accord.localhost", path="/")

        turned_away = client.get("/promises", follow_redirects=False)
        was_there = copy.exists()
        come_in(client)
        client.get("/promises")

    assert (turned_away.status_code, turned_away.headers["location"]) == (303, "/sign-in?next=/promises")
    assert (was_there, copy.exists()) == (False, True)


def test_a_commitment_in_practice_changes_nothing_in_live(both: Visitor, file: Database, today: int) -> None:
    line = f"80 X-100 by {said_day(today, 3)} for Northwind"
    before = rows(file)
    switch(both, "enter")

    made = promise(both, line)
    again = page(both.get("/", params={"q": line}))

    assert "Northwind" in page(made).text
    assert "Cannot promise" in again.text  # in practice the pumps are gone
    assert rows(file) == before
    assert service.promises(file)[0] == []
    switch(both, "leave")
    assert "Cannot promise" not in page(both.get("/", params={"q": line})).text
    assert both.get(str(made.url)).status_code == 404


def test_a_commitment_in_live_is_one_and_does_not_reach_practice(
    both: Visitor, file: Database, today: int
) -> None:
    switch(both, "enter")
    switch(both, "leave")

    made = promise(both, f"80 X-100 by {said_day(today, 3)} for Northwind")

    assert len(service.promises(file)[0]) == 1
    switch(both, "enter")
    assert both.get(str(made.url)).status_code == 404


def test_the_api_of_a_browser_goes_where_the_browser_is_and_a_program_is_live(
    both: Visitor, file: Database, today: int
) -> None:
    body = {
        "customer": "C1",
        "lines": [{"item": "X-100", "quantity": "5", "requested_on": iso_day(today, 3)}],
    }
    switch(both, "enter")

    made = both.post("/v1/promises", json=body, headers={"Idempotency-Key": "k-1"})
    listed = both.get("/v1/promises").json()["items"]
    both.cookies.clear()
    live = both.get("/v1/promises").json()["items"]

    assert made.status_code == 201
    assert (len(listed), live) == (1, [])
    assert service.promises(file)[0] == []


@pytest.mark.parametrize("first", ["enter", "leave"])
def test_a_form_that_was_open_before_the_switch_is_refused_after_it(
    both: Visitor, file: Database, today: int, first: str
) -> None:
    line = f"80 X-100 by {said_day(today, 3)} for Northwind"
    switch(both, "enter")
    switch(both, first)
    asked = page(both.get("/", params={"q": line}))
    preview = both.get("/preview", params={**asked.fields, "option": asked.options[0], "verb": "commit"})
    action = form_of(preview, "/promise")
    switch(both, "leave" if first == "enter" else "enter")

    refused = both.post(action, data=page(preview).fields)

    assert "Nothing was changed" in page(refused, 409).text
    assert service.promises(file)[0] == []
    assert "Nothing has been promised yet." in page(both.get("/")).text
    switch(both, first)
    assert "Northwind" in page(both.post(action, data=page(preview).fields)).text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_changes_something_says_where_it_was_drawn(template: Path) -> None:
    source = template.read_text()
    said = SaysWorld(Environment()).preprocess(source, template.name)

    forms = re.findall(r"<form\b[^>]*>", said)
    assert len(re.findall(r"hx-(?:post|put|delete|patch)", said)) == sum(
        form.count("hx-post") for form in forms
    )
    assert "formaction" not in said
    for form in forms:
        if "post" in form.lower():
            assert 'method="post"' in form
            addresses = re.findall(r'(?:action|hx-post)="([^"]*)"', form)
            assert addresses
            assert template.name == "kept.html" or all("world={{ world }}" in one for one in addresses)


def test_practice_is_marked_by_a_word_and_live_is_not(both: Visitor) -> None:
    before = both.get("/").text
    switch(both, "enter")
    inside = both.get("/").text

    assert "<title>Practice · " in inside
    assert 'data-world="practice"' in inside
    assert "Nothing you do here is promised to anybody or sent anywhere." in inside
    assert "Practice ·" not in before
    assert "data-world" not in before
    assert "You are in live. Go to practice" in before
    assert "Nothing you do here" in both.get("/promises/prm_none").text  # also where something is wrong


def test_practice_is_made_anew_from_live_and_what_was_done_there_is_gone(
    both: Visitor, file: Database, today: int
) -> None:
    switch(both, "enter")
    promise(both, f"80 X-100 by {said_day(today, 3)} for Northwind")
    switch(both, "leave")
    promise(both, f"30 X-100 by {said_day(today, 3)} for Northgate")
    switch(both, "enter")
    before = page(both.get("/promises")).text

    switch(both, "refresh")
    after = page(both.get("/promises")).text

    assert ("Northwind" in before, "Northgate" in before) == (True, False)
    assert ("Northwind" in after, "Northgate" in after) == (False, True)
    assert len(service.promises(file)[0]) == 1


def test_the_copy_before_is_let_go_when_practice_is_made_anew(
    both: Visitor, file: Database, today: int
) -> None:
    assert file.path is not None
    url = f"sqlite:///{beside(file.path)}"
    switch(both, "enter")

    promise(both, f"5 X-100 by {said_day(today, 3)} for Northwind")
    switch(both, "refresh")

    gc.collect()
    assert len([one for one in gc.get_objects() if isinstance(one, Database) and one.url == url]) == 1


def test_what_was_practised_is_there_again_after_the_server_was_stopped(file: Database, today: int) -> None:
    assert file.path is not None
    url = f"sqlite:///{beside(file.path)}"
    for visit in range(2):
        with TestClient(on(file, is_open=True, rate=0, practice_url=url), base_url=HOST) as client:
            client.headers["Accept"] = "text/html"
            client.headers["Sec-Fetch-Site"] = "same-origin"  # as browsers say
            switch(client, "enter")
            if visit == 0:
                promise(client, f"80 X-100 by {said_day(today, 3)} for Northwind")
            assert "Northwind" in page(client.get("/promises")).text
    assert beside(file.path).stat().st_mode & 0o077 == 0


def test_a_server_without_practice_offers_none_and_takes_no_form_of_it(visitor: Visitor) -> None:
    assert "Go to practice" not in visitor.get("/").text
    assert "accord serve --practice" in page(visitor.post("/practice", data={"verb": "enter"}), 503).text
    assert page(visitor.post("/promise?world=practice", data={}), 409)


def test_what_is_not_known_about_practice_is_refused(both: Visitor) -> None:
    assert page(both.post("/practice", data={"verb": "play"}), 422)
    assert (
        both.post("/practice", data={"verb": "enter"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        == 403
    )


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("accord_80_world=practice", PRACTICE),
        ("a=b; accord_80_world=practice", PRACTICE),
        ("accord_80_world=live", "live"),
        ("accord_81_world=practice", "live"),  # of another server on this machine
        ("=;;;", "live"),
        ("", "live"),
    ],
)
def test_which_of_the_two_is_read_from_the_cookie_of_this_server(sent: str, found: str) -> None:
    headers = [(b"host", b"accord.localhost"), *([(b"cookie", sent.encode())] if sent else [])]

    assert chosen_world({"type": "http", "scheme": "http", "headers": headers, "path": "/"}) == found


# --- the second database ---


@pytest.fixture
def copy(file: Database, today: int, tmp_path: Path) -> Iterator[Database]:
    keys.add(file, "shop", ["promise"])
    url = f"sqlite:///{tmp_path / 'copy.db'}"
    practice.make(file, url)
    db = practice.open_practice(url)
    try:
        yield db
    finally:
        db.close()


def test_a_copy_has_what_live_has_but_no_keys_to_come_in_by(file: Database, copy: Database) -> None:
    live, made = rows(file), rows(copy)

    assert {name for name in live if live[name] != made[name]} == {"api_key", "setting"}
    assert (made["api_key"], made["setting"] - live["setting"]) == (0, 1)
    assert keys.exists(file)


def test_a_copy_knows_people_but_nothing_that_lets_them_in(file: Database, tmp_path: Path) -> None:
    accounts.add(file, "Anna Lund", ["seller"], password="a long enough one", by="test")
    url = f"sqlite:///{tmp_path / 'copy.db'}"

    practice.make(file, url)

    with closing(open_database(url, create=False)) as copy, copy.read() as tx:
        assert tx.rows("SELECT name, password, invite_hash, subject FROM account") == [
            ("Anna Lund", None, None, None)
        ]


def test_nothing_is_sent_out_of_practice(file: Database, copy: Database, today: int) -> None:
    def say(db: Database) -> list[str]:
        with db.write() as tx:
            outbox.add(tx, [outbox.Message(id="msg_1", topic="t", subject="s", body=b"{}")])
        return [one.id for one in outbox.take(db, 10) if one.id == "msg_1"]

    assert say(copy) == []
    assert say(file) == ["msg_1"]  # what keeps it from being sent is that it is practice, and nothing else
    with copy.write() as tx:
        tx.execute("DELETE FROM setting WHERE name = 'practice'")
    assert [one.id for one in outbox.take(copy, 10)] != []


def test_practice_signs_nothing_and_ends_no_sessions() -> None:
    assert {one.name for one in JOBS} - {one.name for one in PRACTICE_JOBS} == {
        "checkpoint",
        "forget_sessions",
    }


@pytest.mark.parametrize("what", ["live", "strange"])
def test_what_does_not_say_that_it_is_practice_is_never_made_anew(
    file: Database, today: int, tmp_path: Path, what: str
) -> None:
    other = tmp_path / "other.db"
    with_data = open_database(f"sqlite:///{other}")
    if what == "live":
        upgrade(with_data)
    else:
        with with_data.write() as tx:
            tx.execute("CREATE TABLE dear (x INTEGER)")
    with_data.close()

    with pytest.raises(NotForPractice, match="left as it is"):
        practice.make(file, f"sqlite:///{other}")
    with pytest.raises(NotForPractice):
        practice.make(file, file.url)

    assert other.stat().st_size > 0
    assert rows(file)["ledger_cause"] == 2


def test_a_copy_that_could_not_be_finished_leaves_the_one_before(
    file: Database, copy: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert copy.path is not None
    before = copy.path.stat().st_ino
    monkeypatch.setattr(practice, "_mark", lambda _copy: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        practice.make(file, copy.url)

    assert copy.path.stat().st_ino == before
    assert [one for one in copy.path.parent.iterdir() if ".new-" in one.name] == []


@pytest.mark.postgres
def test_on_postgresql_practice_is_a_second_database(pg_url: str, file: Database, today: int) -> None:
    url = pg_url
    practice.make(file, url)
    first = practice.open_practice(url)
    with first.read() as tx:
        made = practice.made_at(tx)
        assert tx.rows("SELECT count(*) FROM ledger_cause") == [(2,)]
    first.close()

    practice.make(file, url)
    second = practice.open_practice(url)

    with second.read() as tx:
        again = practice.made_at(tx)
    second.close()
    assert made is not None
    assert again is not None
    assert again > made
