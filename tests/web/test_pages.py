"""The pages work as forms, without any script, and let nothing foreign in."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import said_day

from accord.db.engine import Database
from accord.promise import service
from accord.web.server.app import on

HOST = "http://accord.localhost"
Visitor = TestClient[Any]


class Page(HTMLParser):
    """What a page holds, as far as these tests look at it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.options: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.inline: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._inside = tag
        if tag == "input" and given.get("type") == "radio":
            self.options.append(given["value"])
        elif tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")
        self.links += [given[name] for name in ("href", "src", "action") if name in given]
        self.inline += [name for name in given if name.startswith("on") or name == "style"]

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and data.strip():
            self.inline.append(data)
        self.words += data

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", self.words)


def page(response: Any, status: int = 200) -> Page:
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("text/html")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    found = Page(response.text)
    assert found.inline == []
    assert [
        link for link in found.links if link.startswith(("http", "//")) and not link.startswith(HOST)
    ] == []
    return found


def held(db: Database) -> list[str]:
    return [seen.state.value for seen in service.promises(db)[0]]


def test_the_first_page_asks_and_gives_examples_that_can_be_asked(visitor: Visitor) -> None:
    found = page(visitor.get("/"))

    assert "What do you want to promise?" in found.text
    assert "Nothing has been promised yet." in found.text
    examples = [link for link in found.links if link.startswith("/?q=")]
    assert len(examples) == 3
    for link in examples:
        assert "Not understood" not in page(visitor.get(link)).text


def test_a_line_is_answered_with_options_and_why(visitor: Visitor, today: int) -> None:
    found = page(visitor.get("/", params={"q": f"120 X-100 by {said_day(today, 3)} for Northwind at 18.50"}))

    assert "Not by then" in found.text
    assert "What covers it" in found.text
    assert "PO 1" in found.text
    assert "€2,220.00" in found.text
    assert len(found.options) >= 2


def test_what_is_not_understood_is_said_and_kept_in_the_line(visitor: Visitor) -> None:
    found = page(visitor.get("/", params={"q": "80 X-999 by friday for Northwind"}))

    assert "Not understood" in found.text
    assert "Did you mean" in found.text
    assert found.fields["q"] == "80 X-999 by friday for Northwind"


@pytest.mark.parametrize(("verb", "state"), [("commit", "committed"), ("hold", "held")])
def test_a_promise_is_made_through_a_preview_of_what_is_taken(
    visitor: Visitor, file: Database, today: int, verb: str, state: str
) -> None:
    asked = page(visitor.get("/", params={"q": f"80 X-100 by {said_day(today, 3)} for Northwind"}))
    preview = page(visitor.get("/preview", params={**asked.fields, "option": asked.options[0], "verb": verb}))

    assert "What is taken" in preview.text
    assert "X-100 at Halden" in preview.text
    assert held(file) == []

    made = visitor.post("/promise", data=preview.fields)
    again = visitor.post("/promise", data=preview.fields)

    assert "Northwind" in page(made).text
    assert made.url == again.url
    assert held(file) == [state]
    assert state.capitalize() in page(made).text


def test_what_changed_while_one_looked_is_answered_anew(visitor: Visitor, file: Database, today: int) -> None:
    asked = page(visitor.get("/", params={"q": f"100 X-100 by {said_day(today, 3)}"}))
    preview = page(
        visitor.get("/preview", params={**asked.fields, "option": asked.options[0], "verb": "commit"})
    )
    other = page(visitor.get("/", params={"q": f"40 X-100 by {said_day(today, 3)}"}))
    first = page(
        visitor.get("/preview", params={**other.fields, "option": other.options[0], "verb": "commit"})
    )
    visitor.post("/promise", data=first.fields)

    late = page(visitor.post("/promise", data=preview.fields), 409)
    gone = page(
        visitor.get("/preview", params={**asked.fields, "option": asked.options[0], "verb": "commit"}), 409
    )

    for found in (late, gone):
        assert "It changed while you looked" in found.text
        assert "40 were promised to someone else" in found.text
        assert found.options
    assert held(file) == ["committed"]


def test_a_hold_is_committed_or_released_on_its_page(visitor: Visitor, file: Database, today: int) -> None:
    asked = page(visitor.get("/", params={"q": f"80 X-100 by {said_day(today, 3)}"}))
    preview = page(
        visitor.get("/preview", params={**asked.fields, "option": asked.options[0], "verb": "hold"})
    )
    made = visitor.post("/promise", data=preview.fields)

    (release,) = [link for link in page(made).links if "verb=release" in link]
    preview = page(visitor.get(release))
    visitor.post(str(made.url), data={"key": preview.fields["key"], "verb": "release"})

    assert held(file) == ["released"]
    refused = visitor.post(str(made.url), data={"key": "another", "verb": "commit"})
    assert "is no longer open" in page(refused, 409).text
    assert held(file) == ["released"]


def test_names_are_shown_and_never_run(visitor: Visitor) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'

    found = visitor.get("/", params={"q": evil})

    assert "<script>alert" not in found.text
    assert page(found).fields["q"] == evil


def test_a_page_that_is_not_there_is_said_in_words(visitor: Visitor) -> None:
    found = page(visitor.get("/promises/prm_nothing"), 404)

    assert "There is no promise prm_nothing" in found.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": HOST},
    ],
)
def test_a_form_of_another_page_is_refused(
    visitor: Visitor, file: Database, today: int, headers: dict[str, str]
) -> None:
    asked = page(visitor.get("/", params={"q": f"80 X-100 by {said_day(today, 3)}"}))
    preview = page(
        visitor.get("/preview", params={**asked.fields, "option": asked.options[0], "verb": "commit"})
    )

    response = visitor.post("/promise", data=preview.fields, headers=headers)

    assert response.status_code == 403
    assert held(file) == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8470", "10.0.0.5", "localhost.evil.example"])
def test_an_open_server_answers_only_to_this_machine(visitor: Visitor, host: str) -> None:
    assert visitor.get("/", headers={"Host": host}).status_code == 403
    assert visitor.get("/v1/items", headers={"Host": host}).status_code == 403
    assert visitor.get("/v1/items", headers={"Host": "127.0.0.1:8470"}).status_code == 200


def test_a_server_with_keys_shows_nobody_the_promises(file: Database, today: int) -> None:
    with TestClient(on(file, rate=0), base_url=HOST) as client:
        client.headers["Accept"] = "text/html"
        found = client.get("/")

    assert str(found.url) == f"{HOST}/sign-in"
    assert "accord user add" in found.text
    assert "Latest promises" not in found.text


def test_every_problem_has_a_page_and_the_list_links_to_them(visitor: Visitor) -> None:
    listed = page(visitor.get("/problems"))
    links = [link for link in listed.links if link.startswith("/problems/")]

    assert len(links) > 30
    for link in links:
        assert "What to do" in page(visitor.get(link)).text
