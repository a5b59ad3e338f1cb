"""Whatever stands in a name, a note or a number is shown as words, on every page: nothing of it becomes markup.

Every page is visited that the application has, and every page that those link to, on a company whose texts are all attacks. What is
found in the browser itself, where nothing may run either, is tried in tests/browser.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from litestar.testing import TestClient
from tests.web import hostile
from tests.web.hostile import Suspicious, Words

from accord.db.engine import Database
from accord.web.access import admission
from accord.web.server.app import on

HOST = "http://accord.localhost"
PAGES_MAX = 400
# What leads out of the company, or to files.
_NOT_VISITED = ("/sign-out", "/static/", "/v1/")


@pytest.fixture
def client(file: Database, noon: Any) -> Iterator[TestClient[Any]]:
    with TestClient(on(file, rate=0), base_url=HOST) as made:
        made.headers.update({"Accept": "text/html", "Origin": HOST})
        yield made


def company(file: Database, client: TestClient[Any], word: Words) -> None:
    client.cookies.set("accord_80", hostile.tell(file, word))


def starts(client: TestClient[Any]) -> list[str]:
    """Every page that needs nothing in its address; the others are linked to."""
    found = [path for path, handler in admission.handlers(client.app) if "GET" in handler.http_methods]
    return [path for path in found if "{" not in path and not path.startswith(_NOT_VISITED)]


def crawled(client: TestClient[Any], *, alike: int = 6) -> Iterator[tuple[str, Any]]:
    """Every page that can be come to by links; of pages that are alike, so many."""
    waiting, seen, of_kind = starts(client), set[str](), dict[str, int]()
    while waiting and len(seen) < PAGES_MAX:
        address = waiting.pop(0)
        # Of pages that differ by what is asked for in the address alone, or by the id, a few are enough.
        kind = re.sub(
            r"[a-z]{3}_[0-9a-z-]{20,}|qx\d\dq[^/?&]*|\d+$|(?<=/problems/)\w+", "*", address.partition("?")[0]
        )
        if address in seen or of_kind.get(kind, 0) >= alike or address.startswith(_NOT_VISITED):
            continue
        of_kind[kind] = of_kind.get(kind, 0) + 1
        seen.add(address)
        response = _got(client, address)
        if response is None:
            continue
        yield address, response
        if "location" in response.headers:
            waiting.insert(0, urljoin(address, response.headers["location"]))
        if response.headers.get("content-type", "").startswith("text/html"):
            links = sorted(Suspicious(response.text).links)
            waiting += [urljoin(address, one).partition("#")[0] for one in links if not urlsplit(one).netloc]


def _got(client: TestClient[Any], address: str) -> Any:
    """The answer; None for a stream without an end."""
    with client.stream("GET", address, follow_redirects=False) as response:
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return None
        response.read()
    return response


def suspicious(client: TestClient[Any], shown: set[str] | None = None, *, alike: int = 6) -> list[str]:
    """What on any page did not come from a template; the marks that were shown are put into `shown`."""
    found = []
    for address, response in crawled(client, alike=alike):
        if response.status_code >= 500:
            found.append(f"{address}: {response.status_code}")
        if not response.headers.get("content-type", "").startswith("text/html"):
            continue
        page = Suspicious(response.text)
        found += [f"{address}: {one}" for one in page.found]
        if shown is not None:
            shown.update(re.findall(r"qx\d\dq", " ".join(page.words)))
    return found


def test_what_is_stored_is_shown_as_words(client: TestClient[Any], file: Database) -> None:
    word, shown = Words(), set[str]()
    company(file, client, word)

    assert suspicious(client, shown) == []
    # It was there to be seen: else nothing would have been tried.
    unseen = {field for field, mark in word.marks.items() if mark not in shown}
    assert unseen <= NEVER_SHOWN, sorted(unseen)
    assert len(shown) > 40


# Kept, and shown on no page so far.
NEVER_SHOWN = {
    "customer.channel",
    "customer.region",
    "edition.id",
    "lot",
    "receipt.id",
    "receipt.lot",
    "supplier.id",
    "supplier.name",
}


@pytest.mark.slow
@pytest.mark.parametrize("shift", range(0, len(hostile.PAYLOADS), 4))
def test_every_payload_is_shown_as_words_in_whatever_field(
    client: TestClient[Any], file: Database, shift: int
) -> None:
    company(file, client, Words(shift))

    assert suspicious(client, alike=2) == []


def reflected(client: TestClient[Any], payload: str) -> list[str]:
    """What of a payload in every part of every address does not come back as words."""
    named, found = "qx99q" + payload, []
    for path, handler in admission.handlers(client.app):
        if "GET" not in handler.http_methods or path.startswith(_NOT_VISITED):
            continue
        model = (*handler.parsed_fn_signature.parameters, "q", "next", "state", "show", "verb")
        query = "&".join(f"{quote(name)}={quote(named, safe='')}" for name in dict.fromkeys(model))
        address = re.sub(r"\{[^}]*:int\}", "1", path)
        address = re.sub(r"\{[^}]*\}", quote(named.replace("/", ""), safe=""), address)
        response = _got(client, f"{address}?{query}")
        if response is None or not response.headers.get("content-type", "").startswith("text/html"):
            continue
        if response.status_code >= 500:
            found.append(f"{path}: {response.status_code}")
        found += [f"{path}: {one}" for one in Suspicious(response.text).found]
    return found


def test_what_is_asked_for_in_the_address_is_shown_as_words(client: TestClient[Any], file: Database) -> None:
    company(file, client, Words())

    assert reflected(client, hostile.EVERYTHING) == []


@pytest.mark.slow
def test_every_payload_in_every_address_is_shown_as_words(client: TestClient[Any], file: Database) -> None:
    company(file, client, Words())

    assert [one for payload in hostile.PAYLOADS for one in reflected(client, payload)] == []


def test_what_was_typed_into_a_form_comes_back_as_words(client: TestClient[Any], file: Database) -> None:
    """A form that is refused comes back filled in: with words."""
    company(file, client, Words())
    named = "qx99q" + hostile.EVERYTHING
    fields = ("q", "verb", "key", "option", "digest", "note", "name", "password", "next", "email", "roles", "team", "ids", "say", "mapping",
              "query", "id", "title", "because", "quantity", "lines", "text", "source", "scope", "days", "manager", "ref", "customer", "price")  # fmt: skip

    found = []
    for path, handler in admission.handlers(client.app):
        if "POST" not in handler.http_methods or path.startswith(_NOT_VISITED):
            continue
        address = re.sub(r"\{[^}]*\}", quote(named.replace("/", ""), safe=""), path)
        response = client.post(address, data=dict.fromkeys(fields, named), follow_redirects=False)
        assert response.status_code < 500 or response.status_code == 503, (path, response.status_code)
        if response.headers.get("content-type", "").startswith("text/html"):
            found += [f"{path}: {one}" for one in Suspicious(response.text).found]
    assert found == []


def test_a_page_that_does_not_escape_is_noticed(client: TestClient[Any], file: Database) -> None:
    engine = client.app.template_engine.engine
    engine.autoescape, engine.bytecode_cache = False, None  # what is compiled so is no other application's
    company(file, client, Words())

    found = suspicious(client, alike=1)

    assert any("a script that is not ours" in one for one in found)
    assert any("<svg onload>" in one for one in found)


# --- files that people open ---

_FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "=HYPERLINK(1)")


@pytest.mark.parametrize(
    "formula",
    [_FORMULAS[0], *(pytest.param(one, marks=pytest.mark.slow) for one in _FORMULAS[1:])],
    ids=repr,
)
def test_nothing_in_a_file_is_a_formula(
    client: TestClient[Any], file: Database, formula: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file that can be fetched as CSV opens in a spreadsheet; a cell that begins like a formula would be one."""
    monkeypatch.setattr(hostile, "EVERYTHING", "")
    monkeypatch.setattr(Words, "__call__", _as_formula(formula))
    company(file, client, Words())

    files = 0
    for address, response in crawled(client, alike=2):
        if response.headers.get("content-type", "").startswith("text/csv"):
            files += 1
            cells = [cell for row in csv.reader(io.StringIO(response.text, newline="")) for cell in row]
            assert [
                cell for cell in cells if cell.lstrip("\ufeff")[:1] in ("=", "+", "@", "\t", "\r")
            ] == [], address
    assert files


def _as_formula(formula: str) -> Any:
    def call(self: Words, field: str, most: int = 200) -> str:
        mark = self.marks.setdefault(field, f"qx{len(self.marks):02d}q")
        text = f"{formula}{mark}"[:most]
        return (
            " ".join("".join(one for one in text if one.isprintable()).split()).replace("@", "+")
            if most <= 100
            else text
        )

    return call
