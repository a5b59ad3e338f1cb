"""Imports over HTTP: put in, check, try, commit, look, take back; each answer says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from litestar.testing import TestClient

from accord.db.engine import Database
from accord.kit.days import iso
from accord.promise import service as promises
from accord.web.people import keys
from accord.web.server.app import on

Client = TestClient[Any]
FILES = {
    "items.csv": b"id,cost\nP,5\n",
    "sites.csv": b"id\noslo\n",
    "stock.csv": b"item,site,quantity\nP,oslo,10\nX,oslo,1\n",
}


@pytest.fixture
def client(db: Database, noon: Any) -> Iterator[Client]:
    """Somebody who may import."""
    key = keys.add(db, "erp", ["admin"])
    with TestClient(on(db, rate=0), base_url="http://accord.localhost") as made:
        made.headers["Authorization"] = f"Bearer {key.secret}"
        yield made


def put_in(client: Client, given: dict[str, bytes], key: str, source: str = "erp") -> Any:
    parts = [("files", (name, data, "text/csv")) for name, data in given.items()]
    return client.post(
        "/v1/imports", params={"source": source}, files=parts, headers={"Idempotency-Key": key}
    )


def act(client: Client, id: str, verb: str, body: Any = None) -> Any:
    headers = {"Idempotency-Key": f"{id}:{verb}"}
    return (
        client.post(f"/v1/imports/{id}:{verb}", json=body, headers=headers)
        if body is not None
        else client.post(f"/v1/imports/{id}:{verb}", headers=headers)
    )


def test_an_import_goes_through_all_its_steps(client: Client, db: Database) -> None:
    put = put_in(client, FILES, "k1")
    again = put_in(client, FILES, "k1")
    id = put.json()["id"]
    refused = act(client, id, "commit")
    rows = client.get(f"/v1/imports/{id}/rejected")
    checked = act(client, id, "check", {"say": {"unknown_item:X": "skip"}})
    tried = act(client, id, "dry_run")
    done = act(client, id, "commit")
    twice = act(client, id, "commit")
    listed = client.get("/v1/imports").json()
    undone = act(client, id, "undo")
    undone_twice = act(client, id, "undo")

    assert (put.status_code, put.json()["state"]) == (201, "needs_you")
    (problem,) = put.json()["problem"]["problems"]
    assert (problem["choice"], problem["ways"], problem["count"]) == (
        "unknown_item:X",
        ["create", "map NAME", "skip"],
        1,
    )
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (
        201,
        put.json(),
        "true",
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "import_not_checked")
    assert rows.headers["content-type"] == "text/csv; charset=utf-8"
    assert rows.text.splitlines()[1] == "stock.csv,3,item,unknown item 'X',X,oslo,1"
    assert (checked.status_code, checked.json()["state"]) == (200, "checked")
    assert checked.json()["report"]["made"]["count"] == {"new": 1, "changed": 0, "same": 0}
    assert tried.json() == {
        "sentence": "No promise would be touched.",
        "uncovered": [],
        "covered": [],
        "ignored": [],
    }
    assert (done.status_code, done.json()["state"], done.json()["report"]["rejected"]) == (200, "done", 1)
    assert "idempotent-replayed" not in done.headers
    assert (twice.json(), twice.headers["idempotent-replayed"]) == (done.json(), "true")
    assert [one["id"] for one in listed["items"]] == [id]
    assert undone.json() == {"id": id, "state": "undone", "opened": 0, "closed": 0}
    assert undone_twice.headers["idempotent-replayed"] == "true"
    assert promises.verify(db).findings == ()


def test_a_dry_run_names_promises_in_the_items_unit(client: Client, db: Database) -> None:
    with db.read() as tx:
        day = iso(date(1970, 1, 1).toordinal() + tx.now() // 86_400_000_000 + 4)
    order = f"ref,item,site,quantity,requested_on,promised_on\nO1,P,oslo,2.5,{day},{day}\n"
    given = {
        "items.csv": b"id,unit,decimals\nP,kg,1\n",
        "sites.csv": b"id\noslo\n",
        "commitments.csv": order.encode(),
    }

    id = put_in(client, given, "k1").json()["id"]
    tried = act(client, id, "dry_run").json()

    assert tried["sentence"] == "1 promise would become uncovered."
    assert tried["uncovered"] == [
        {
            "promise": None,
            "ref": "O1",
            "customer": None,
            "line": 0,
            "item": "P",
            "site": "oslo",
            "quantity": "2.5",
            "short": "2.5",
            "unit": "kg",
            "ship_on": day,
            "days": 4,
        }
    ]


def test_one_file_is_the_body_whatever_its_media_type(client: Client) -> None:
    headers = {"Idempotency-Key": "k1", "Content-Type": "application/vnd.ms-excel"}

    named = client.post("/v1/imports?name=items.csv", content=b"id\nA\n", headers=headers)
    nameless = client.post("/v1/imports", content=b"id\nA\n", headers=headers)
    keyless = client.post("/v1/imports?name=items.csv", content=b"id\nA\n")

    assert (named.status_code, named.json()["state"], named.json()["files"]) == (
        201,
        "checked",
        ["items.csv"],
    )
    assert (nameless.status_code, nameless.json()["errors"][0]["pointer"]) == (422, "name")
    assert (keyless.status_code, keyless.json()["code"]) == (400, "idempotency_key_missing")


def test_the_same_key_with_other_files_and_files_that_came_before_are_said(client: Client) -> None:
    id = put_in(client, {"items.csv": b"id\nA\n"}, "k1").json()["id"]
    act(client, id, "commit")

    other = put_in(client, {"items.csv": b"id\nB\n"}, "k1")
    same = put_in(client, {"items.csv": b"id\nA\n"}, "k2")

    assert (other.status_code, other.json()["code"]) == (422, "request_changed")
    assert same.json()["problem"]["detail"] == f"This came in before, as {id}. Nothing would change."


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x00\x01\x02", "invalid_input"),
        (b"PK\x03\x04 no", "malformed"),
        (b"", "invalid_input"),
        (b"a,b\n1\n", "invalid_input"),
    ],
)
def test_what_is_no_table_is_a_problem_of_the_import_and_not_of_the_server(
    data: bytes, code: str, client: Client
) -> None:
    put = put_in(client, {"x.csv": data}, "k1")

    assert (put.status_code, put.json()["state"]) == (201, "needs_you")
    assert put.json()["problem"]["code"] == code


@pytest.mark.parametrize("verb", ["check", "dry_run", "commit", "undo"])
def test_an_import_that_is_not_there_is_not_found(verb: str, client: Client) -> None:
    answer = act(client, "imp_x", verb, {} if verb == "check" else None)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.connect.service.steps.UPLOAD_MAX", 1_000)
    large = put_in(client, {"x.csv": b"x" * 1_001}, "k1")
    other = client.post(
        "/v1/supply",
        content=b"x" * 1_100_000,
        headers={"Content-Type": "application/json", "Idempotency-Key": "k"},
    )

    assert (large.status_code, large.json()["errors"][0]["code"]) == (422, "too_large")
    assert other.status_code == 413
