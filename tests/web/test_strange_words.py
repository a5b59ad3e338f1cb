"""What is typed into a form, an address or a query is answered in words, however strange it is, and in no time."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import tell
from tests.web.conftest import PASSWORD, browser, come_in
from tests.web.test_promises_page import held

from accord.db.engine import Database
from accord.web.people import accounts, passwords

Client = TestClient[Any]

# Marks that stand over and under one letter, the lower ones last: to sort them takes the square of their number. These took four
# seconds with the interpreter locked; a form has room for four times as many, which took a minute.
MARKS = "a" + "\u0345" * 20_000 + "\u0327" * 20_000
AT_ONCE_SECONDS = 1.0


@pytest.mark.parametrize("field", ["name", "password"])
def test_a_stranger_cannot_keep_the_server_busy_with_marks(closed: Client, field: str) -> None:
    given = {"name": "Anna Lund", "password": PASSWORD, field: MARKS}
    began = time.monotonic()

    answer = closed.post("/sign-in", data=given)

    assert answer.status_code == 401
    assert time.monotonic() - began < AT_ONCE_SECONDS


def test_what_is_too_long_for_anybodys_name_is_nobodys() -> None:
    assert accounts.key_of("Anna" + " " * 2_000) == ""
    assert accounts.key_of("ＡＮＮＡ  Lund") == "anna lund"


def test_a_password_of_marks_is_refused_before_they_are_sorted() -> None:
    began = time.monotonic()

    with pytest.raises(Exception, match="at most 1,000 characters"):
        passwords.check(MARKS)

    assert time.monotonic() - began < AT_ONCE_SECONDS


def test_a_name_of_marks_is_refused_before_they_are_sorted(file: Database) -> None:
    began = time.monotonic()

    with pytest.raises(Exception, match="1 to 100 characters"):
        accounts.add(file, MARKS, ["seller"], by="test")

    assert time.monotonic() - began < AT_ONCE_SECONDS


@pytest.mark.parametrize(
    "path",
    ["/supply/a%00b", "/supply/X-100/a%00b", "/audit/a%00b/1", "/approvals/%00", "/promises/%00", "/people/a%00b", "/find?q=a%00b",
     "/promises?q=a%00b", "/audit?q=a%00b", "/audit?actor=%00"],
)  # fmt: skip
def test_a_character_that_no_database_keeps_is_no_mistake_of_ours(
    db: Database, quick: None, noon: Any, path: str
) -> None:
    tell(db)
    accounts.add(db, "Ada Moe", list(accounts.ROLES), by="test", password=PASSWORD)
    with browser(db) as client:
        come_in(client, "Ada Moe")

        answer = client.get(path, follow_redirects=False)

    assert answer.status_code in (200, 400, 404, 422)


def test_nor_in_what_somebody_types_to_sign_in(db: Database, quick: None, noon: Any) -> None:
    with browser(db) as client:
        assert come_in(client, "Ada\x00Moe").status_code in (400, 401, 422)


@pytest.mark.parametrize(
    ("path", "place"),
    [("/promises?after=", f"made,{'9' * 30},prm_x"), ("/promises?after=", f"-made,{'9' * 30},prm_x"), ("/v1/promises?after=", f"{'9' * 30},prm_x")],
)  # fmt: skip
def test_a_place_in_a_list_that_cannot_be_is_refused(closed: Client, path: str, place: str) -> None:
    come_in(closed)

    answer = closed.get(path + base64.urlsafe_b64encode(place.encode()).decode().rstrip("="))

    assert answer.status_code == 422


def test_a_form_without_its_lines_is_answered_in_words(visitor: Client, file: Database, today: int) -> None:
    id = held(file, today, "PO-1")

    answer = visitor.post(
        f"/promises/{id}/amend", data={"query": "", "key": "k", "option": "", "digest": "", "version": "1"}
    )

    assert answer.status_code == 422
    assert "item, quantity, day and price" in answer.text


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "9" * 300])
def test_an_entry_of_a_number_that_is_too_large_is_not_there(
    closed: Client, file: Database, number: str
) -> None:
    accounts.change(file, "Ada Moe", by="test", roles=list(accounts.ROLES))
    come_in(closed, "Ada Moe")

    answer = closed.get(f"/audit/cha_1/{number}")

    assert answer.status_code == 404


def test_who_goes_astray_is_told_of_pages_and_not_of_the_api(visitor: Client) -> None:
    page = visitor.get("/nowhere")
    api = visitor.get("/v1/nowhere", headers={"Accept": "application/json"})

    assert (page.status_code, api.status_code) == (404, 404)
    assert "There is nothing at this address" in page.text
    assert "/v1/" not in page.text
    assert "/v1/openapi.json" in api.json()["detail"]
