"""The record is searched, shown with what binds it, verified in sight, and taken away."""

from __future__ import annotations

import csv
import io
import itertools
import json
import threading
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from tests.company import said_day
from tests.web.conftest import PASSWORD, come_in
from tests.web.test_pages import HOST, Page, page

from accord.db import audit, audit_search, proof
from accord.db.audit import Entry
from accord.db.audit_checkpoints import Checkpoint
from accord.db.engine import Database
from accord.kit.days import instant_iso
from accord.promise import service
from accord.promise.model import Decision, Request, Verb
from accord.promise.named import understand
from accord.promise.pages.shown import Shown
from accord.web.pages import audit as audit_page
from accord.web.pages.audited import FOUND, TYPES, named
from accord.web.people import accounts

Visitor = TestClient[Any]


def commit(file: Database, words: str, actor: str = "sam", verb: Verb = Verb.commit) -> Decision:
    asked = understand(words, Shown.read(file).names)
    wanted = Request(id=f"r-{actor}-{words}", verb=verb, customer=asked.customer, lines=asked.lines)
    return service.promise_one(file, wanted, actor=actor)


@pytest.fixture
def done(file: Database, today: int) -> tuple[Decision, Decision]:
    """Two things were done: sam committed, mia held."""
    return (
        commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind"),
        commit(file, f"20 X-100 by {said_day(today, 3)}", "mia", Verb.hold),
    )


def entries(found: Page) -> list[str]:
    return [link for link in found.links if link.startswith("/audit/cha_")]


def rewrite(file: Database, sql: str, **params: object) -> None:
    with file.write() as tx:
        tx.execute(sql, **params)


# --- the list and the search ---


def test_an_empty_record_says_so(blank: Visitor) -> None:
    found = page(blank.get("/audit"))

    assert "Nothing was done yet" in found.text
    assert "/audit/verify" not in found.links


def test_the_latest_stands_first_with_who_and_what(visitor: Visitor, done: tuple[Decision, Decision]) -> None:
    found = page(visitor.get("/audit"))

    assert len(entries(found)) == 5  # terms, master data and supply were told before
    assert found.text.index("Promise held") < found.text.index("Promise committed")
    assert f"/promises/{done[0].promise}" in found.links
    assert "5 entries since" in found.text
    assert "no checkpoint has seen them yet" in found.text


SEARCHES: list[tuple[dict[str, str], int]] = [
    ({"actor": "sam"}, 1),
    ({"actor": "sa"}, 0),
    ({"type": "PromiseHeld"}, 1),
    ({"q": "masters"}, 1),
    ({"q": "master"}, 0),
    ({"q": "actor"}, 0),
    ({"actor": "mia", "type": "PromiseCommitted"}, 0),
    ({"first": "2000-01-01", "last": "2000-01-02"}, 0),
    ({"first": "2000-01-01"}, 5),
]


def test_it_is_searched_by_what_an_entry_says(visitor: Visitor, done: tuple[Decision, Decision]) -> None:
    for query, count in SEARCHES:
        found = page(visitor.get("/audit", params=query))

        assert (query, len(entries(found))) == (query, count)
        assert ("No entry is like that." in found.text) == (count == 0)


def test_it_is_searched_by_promise_request_and_day(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision]
) -> None:
    with file.read() as tx:
        day = instant_iso(tx.now())[:10]

    by_promise = page(visitor.get("/audit", params={"q": done[1].promise}))
    by_request = page(visitor.get("/audit", params={"q": done[0].request.id}))
    by_day = page(visitor.get("/audit", params={"first": day, "last": day}))

    assert ["Promise held" in found.text for found in (by_promise, by_request)] == [True, True]
    assert "mia" in by_promise.text
    assert "sam" in by_request.text
    assert [len(entries(found)) for found in (by_promise, by_request, by_day)] == [1, 1, 5]


NOT_MEANT = [
    ({"first": "12 mar"}, "is not a date that exists"),
    ({"first": "2027-03-12", "last": "2027-03-11"}, "comes before the first one"),
    ({"after": "nonsense"}, "not where a page ends"),
]


def test_what_cannot_be_meant_is_said_beside_its_field_and_kept(
    visitor: Visitor, done: tuple[Decision, Decision]
) -> None:
    for query, words in NOT_MEANT:
        found = page(visitor.get("/audit", params={"q": "prm_1", **query}), 422)

        assert words in found.text
        assert found.fields["q"] == "prm_1"
        assert found.fields["first"] == query.get("first", "")


def test_older_entries_are_a_page_further_and_none_is_twice(
    visitor: Visitor, done: tuple[Decision, Decision], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_page, "ROWS", 2)
    address, seen = "/audit?first=2000-01-01", list[str]()
    while address:
        found = page(visitor.get(address))
        seen += entries(found)
        address = next((link for link in found.links if "after=" in link and "first=" in link), "")

    assert len(seen) == len(set(seen)) == 5


def test_a_long_search_says_how_far_it_got_and_goes_on(
    visitor: Visitor, done: tuple[Decision, Decision], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_search, "LOOK_MAX", 2)

    first = page(visitor.get("/audit", params={"q": "masters"}))
    (further,) = [link for link in first.links if "after=" in link]
    second = page(visitor.get(further))
    (further,) = [link for link in second.links if "after=" in link]
    third = page(visitor.get(further))

    assert ["Nothing fits back to" in found.text for found in (first, second, third)] == [True, True, False]
    assert [len(entries(found)) for found in (first, second, third)] == [0, 0, 1]


def test_every_type_has_words_also_one_that_is_new() -> None:
    assert named("PromiseHeld") == "Promise held"
    assert named("SomethingNewDone") == "Something new done"
    assert set(FOUND) == set(audit.What.__args__)


def test_every_type_that_was_written_can_be_chosen(file: Database, done: tuple[Decision, Decision]) -> None:
    with file.read() as tx:
        types = {type for (type,) in tx.rows("SELECT DISTINCT type FROM audit")}

    assert types <= set(TYPES)


# --- one entry ---


def test_an_entry_shows_what_binds_it(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision]
) -> None:
    (last, before, *_rest, first) = entries(page(visitor.get("/audit")))
    with file.read() as tx:
        hashes = dict(tx.rows("SELECT seq, hash FROM audit"))

    found, begins = page(visitor.get(last)), page(visitor.get(first))

    assert "Promise held" in found.text
    assert "Its hash fits what it says and what came before" in found.text
    assert hashes[5] in found.text
    assert hashes[4] in found.text
    assert before in found.links
    assert "None has seen it yet." in found.text
    assert "of the chain itself" in begins.text
    assert "Its hash fits" in begins.text


def test_an_entry_that_was_changed_says_so(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision]
) -> None:
    (last, *_rest) = entries(page(visitor.get("/audit")))
    rewrite(file, "UPDATE audit SET body = :body WHERE seq = 5", body=b'{"actor":"nobody"}')

    found = page(visitor.get(last))

    assert "Its hash is not that of what it says" in found.text
    assert "Its hash fits" not in found.text


def test_an_entry_after_a_gap_and_one_that_is_gone_say_so(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision]
) -> None:
    (last, before, *_rest) = entries(page(visitor.get("/audit")))
    rewrite(file, "DELETE FROM audit WHERE seq = 4")

    assert "What came before it is gone" in page(visitor.get(last)).text
    assert "The record has no entry 4" in page(visitor.get(before), 404).text


def test_what_identifies_a_person_is_not_shown(visitor: Visitor, file: Database, today: int) -> None:
    with file.write() as tx:
        audit.append(tx, [Entry("PersonTold", b'{"id":"x"}', b'{"mail":"ada@example.org"}', "C1")])
    (last, *_rest) = entries(page(visitor.get("/audit")))

    kept = page(visitor.get(last))
    with file.write() as tx:
        audit.erase_personal(tx, "C1")
    erased = page(visitor.get(last))

    assert "kept apart, and bound by" in kept.text
    assert "erased; what is left is" in erased.text
    assert "ada@example.org" not in kept.text + erased.text


def test_what_an_entry_says_is_shown_and_never_run(visitor: Visitor, file: Database, today: int) -> None:
    evil = "<script>alert(1)</script>"
    with file.write() as tx:
        audit.append(tx, [Entry(evil, msgspec.json.encode({"actor": evil, "promise": evil, evil: [evil]}))])

    listed = visitor.get("/audit")
    (last, *_rest) = entries(page(listed))
    shown = visitor.get(last)

    assert "<script>alert" not in listed.text + shown.text
    assert "alert(1)" in page(shown).text


# --- verifying ---


def test_a_whole_record_is_said_to_be_unbroken(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision]
) -> None:
    proof.sign(file, None)

    found = page(visitor.get("/audit/verify", params={"run": "chk_1"}))
    listed = page(visitor.get("/audit"))

    assert "5 entries verified, unbroken since" in found.text
    assert "last checkpoint 1 of" in found.text
    assert "all seen by checkpoint 1, just now" in listed.text


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE audit SET body = CAST('{}' AS BLOB) WHERE seq = 4", "An entry was changed"),
        ("DELETE FROM audit WHERE seq = 3", "Entries are missing"),
        ("DELETE FROM audit WHERE seq = 5", "The end of a chain was cut off"),
        ("UPDATE audit_checkpoint SET mac = 'x'", "A checkpoint was changed"),
    ],
)
def test_a_broken_record_says_plainly_where(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision], sql: str, words: str
) -> None:
    proof.sign(file, None)
    rewrite(file, sql)

    found = page(visitor.get("/audit/verify"))

    assert "The record is not what was written" in found.text
    assert words in found.text
    assert "unbroken since" not in found.text


def test_without_the_key_the_checkpoints_are_said_to_be_unchecked(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision], monkeypatch: pytest.MonkeyPatch
) -> None:
    proof.sign(file, None)
    monkeypatch.setenv("ACCORD_AUDIT_KEY", "/nowhere/at/all")

    found = page(visitor.get("/audit/verify"))

    assert "The checkpoints could not be checked" in found.text
    assert "/nowhere/at/all is not there" in found.text


def test_a_long_check_shows_how_far_it_is_and_ends(
    visitor: Visitor, done: tuple[Decision, Decision], monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    real = proof.prove

    def slow(tx: Any, *, on_progress: Any) -> proof.Proof:
        on_progress(3)
        goes_on.wait(10)
        return real(tx)

    monkeypatch.setattr(audit_page.proof, "prove", slow)
    monkeypatch.setattr(audit_page, "WAIT_SECONDS", 0.05)
    first = page(visitor.get("/audit/verify", params={"run": "chk_long"}))
    part = visitor.get("/audit/verify", params={"run": "chk_long"}, headers={"HX-Request": "true"})
    goes_on.set()
    monkeypatch.setattr(audit_page, "WAIT_SECONDS", 10)
    last = page(visitor.get("/audit/verify", params={"run": "chk_long"}))

    assert "3 of 5 entries." in first.text
    assert "/audit/verify?run=chk_long" in first.links  # works without scripts, too
    assert part.text.lstrip().startswith('<div id="check"')
    assert "5 entries verified" in last.text


# --- taking away ---


def test_a_checkpoint_is_exported_and_can_be_checked_against(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision], tmp_path: Any
) -> None:
    sent = visitor.post("/audit/checkpoint")

    assert sent.headers["content-disposition"] == 'attachment; filename="accord-checkpoint-1.jsonl"'
    kept = tmp_path / "kept.jsonl"
    kept.write_bytes(sent.content)
    (made,) = proof.exported(kept)
    assert isinstance(made, Checkpoint)
    with file.read() as tx:
        assert proof.prove(tx, [made]).findings == ()
    rewrite(file, "DELETE FROM audit WHERE seq = 5")
    rewrite(file, "DELETE FROM audit_checkpoint")
    with file.read() as tx:
        assert {one.what for one in proof.prove(tx, [made]).findings} == {"end_missing", "checkpoint_missing"}


def test_a_link_signs_nothing(visitor: Visitor, file: Database, done: tuple[Decision, Decision]) -> None:
    assert visitor.get("/audit/checkpoint").status_code == 405

    with file.read() as tx:
        assert tx.rows("SELECT count(*) FROM audit_checkpoint") == [(0,)]


def test_without_a_key_the_page_says_why_it_cannot_sign(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision], monkeypatch: pytest.MonkeyPatch
) -> None:
    proof.sign(file, None)
    commit(file, "1 X-100 by 1 dec 2030", "max")
    monkeypatch.setenv("ACCORD_AUDIT_KEY", "/nowhere/at/all")

    found = page(visitor.post("/audit/checkpoint"), 422)

    assert "The key of the audit is gone" in found.text


def test_entries_are_taken_away_as_csv_with_formulas_neutralized(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision]
) -> None:
    with file.write() as tx:
        audit.append(tx, [Entry("PromiseHeld", msgspec.json.encode({"actor": '=HYPERLINK("http://x")'}))])

    sent = visitor.get("/audit/export", params={"form": "csv", "type": "PromiseHeld"})
    rows = list(csv.DictReader(io.StringIO(sent.text)))

    assert sent.headers["content-disposition"].startswith('attachment; filename="accord-audit-')
    assert [row["actor"] for row in rows] == ["mia", '\'=HYPERLINK("http://x")']
    assert rows[0]["promise"] == done[1].promise


def test_entries_are_taken_away_as_lines_that_can_be_hashed_again(
    visitor: Visitor, file: Database, done: tuple[Decision, Decision]
) -> None:
    sent = visitor.get("/audit/export", params={"form": "jsonl"})
    lines = [json.loads(line) for line in sent.text.splitlines()]
    with file.read() as tx:
        ats = dict(tx.rows("SELECT seq, at FROM audit"))

    assert [line["number"] for line in lines] == [1, 2, 3, 4, 5]
    for before, line in itertools.pairwise(lines):
        hashed = audit.entry_hash(
            before["hash"], ats[line["number"]], line["type"], line["body"].encode(), line["commitment"]
        )
        assert hashed == line["hash"]


def test_an_export_that_cannot_be_is_said_on_the_page(
    visitor: Visitor, done: tuple[Decision, Decision], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_page, "EXPORT_MAX", 4)

    for query, words in [
        ({"form": "xlsx"}, "csv or jsonl"),
        ({}, "More than 4 entries fit"),
        ({"first": "x"}, "is not a date"),
    ]:
        assert words in page(visitor.get("/audit/export", params=query), 422).text


def test_each_role_finds_what_it_may_do(closed: Visitor, file: Database) -> None:
    accounts.add(file, "Lea Sand", ["supply lead"], by="test", password=PASSWORD)
    accounts.add(file, "Eva Rud", ["executive"], by="test", password=PASSWORD)

    def found(name: str) -> list[bool]:
        come_in(closed, name)
        links = [link.partition("?")[0] for link in page(closed.get("/audit")).links]
        closed.post("/sign-out")
        return [link in links for link in ("/audit/verify", "/audit/checkpoint")]

    assert found("Eva Rud") == [True, True]
    assert found("Lea Sand") == [True, False]
    come_in(closed, "Lea Sand")
    assert closed.post("/audit/checkpoint").status_code == 403
    closed.post("/sign-out")
    come_in(closed, "Anna Lund")
    for path in ("/audit", "/audit/verify", "/audit/export", "/audit/cha_1/1"):
        assert "does not include this" in page(closed.get(path), 403).text
    with file.read() as tx:
        assert tx.rows("SELECT count(*) FROM audit_checkpoint") == [(0,)]


@pytest.fixture
def blank(file: Database) -> Any:
    """A visitor of a company that has done nothing."""
    from accord.web.server.app import on

    with TestClient(on(file, is_open=True, rate=0), base_url=HOST) as client:
        client.headers["Accept"] = "text/html"
        yield client
