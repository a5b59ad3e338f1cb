"""How systems read along over HTTP: in order, nothing twice, nothing late, nothing that is not theirs to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import iso_day, tell

from accord.db import events
from accord.db.engine import Database
from accord.db.outbox import mark_sent, prune_sent
from accord.exceptions.model import Counted
from accord.exceptions.service import supply_changed
from accord.web.people import keys
from accord.web.server.app import on
from accord.web.server.jobs import run_all

Client = TestClient[Any]


@pytest.fixture
def today(db: Database, noon: Callable[[int], None]) -> int:
    return tell(db)


@pytest.fixture
def client(db: Database, today: int) -> Iterator[Client]:
    key = keys.add(db, "shop", ["promise"])
    with TestClient(on(db, rate=0), base_url="http://accord.localhost") as made:
        made.headers["Authorization"] = f"Bearer {key.secret}"
        yield made


def promise(client: Client, today: int, key: str, quantity: str = "80", verb: str = "commit") -> Any:
    line = {"item": "X-100", "quantity": quantity, "requested_on": iso_day(today, 3)}
    body = {"customer": "C1", "lines": [line], "verb": verb}
    return client.post("/v1/promises", json=body, headers={"Idempotency-Key": key}).json()


def read(client: Client, **params: int) -> dict[str, Any]:
    response = client.get("/v1/events", params=params)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


def test_a_promise_and_what_breaks_it_are_told_in_order(db: Database, client: Client, today: int) -> None:
    made = promise(client, today, "k-1")
    promise(client, today, "k-2", "900")
    supply_changed(
        db, [Counted(item="X-100", site="Halden", quantity=30, as_of=2, sequence=2)], actor="erp", id="count"
    )
    assert read(client) == {"items": [], "next": 0}  # committed, but without their place yet
    run_all(db)

    page = read(client)

    assert [(one["position"], one["type"]) for one in page["items"]] == [
        (1, "PromiseCommitted"),
        (2, "PromiseRefused"),
        (3, "ExceptionOpened"),
    ]
    assert page["next"] == 3
    first, refused, broken = page["items"]
    assert (first["promise"], first["decision"], first["request"]) == (made["promise"], made["id"], "k-1")
    assert (refused["promise"], refused["request"]) == (None, "k-2")
    commitment = client.get(f"/v1/promises/{made['promise']}").json()["lines"][0]["commitments"][0]["id"]
    exception = broken["exception"]
    assert (broken["subject"], exception["commitment"], exception["short"]) == (commitment, commitment, "50")
    assert exception == client.get("/v1/exceptions").json()["items"][0]


def test_a_page_says_where_to_go_on_also_at_the_end(db: Database, client: Client, today: int) -> None:
    for number in range(3):
        promise(client, today, f"k-{number}", "1")
    run_all(db)

    first = read(client, limit=2)
    second = read(client, after=first["next"], limit=2)
    end = read(client, after=second["next"])

    assert [one["request"] for one in first["items"] + second["items"]] == ["k-0", "k-1", "k-2"]
    assert [page["next"] for page in (first, second, end)] == [2, 3, 3]
    assert end["items"] == []
    promise(client, today, "k-3", "1")
    run_all(db)
    assert [one["request"] for one in read(client, after=end["next"])["items"]] == ["k-3"]


def test_who_acted_and_what_is_for_the_audit_stay_inside(db: Database, client: Client, today: int) -> None:
    promise(client, today, "k-1")
    run_all(db)

    (item,) = read(client)["items"]

    assert set(item) == {
        "position", "id", "type", "subject", "at", "promise", "decision", "request", "exception",
    }  # fmt: skip
    with db.read() as tx:
        assert b"digest" in events.after(tx, 0, 1)[0].body


@pytest.mark.parametrize(
    "params", [{"after": -1}, {"after": "x"}, {"after": 2**63}, {"limit": 0}, {"limit": 1_001}]
)
def test_a_wrong_place_is_named(client: Client, params: dict[str, Any]) -> None:
    response = client.get("/v1/events", params=params)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"]


def test_who_comes_too_late_is_told_where_to_go_on(db: Database, client: Client, today: int) -> None:
    promise_id = promise(client, today, "k-1", "1", "hold")["promise"]
    client.post(f"/v1/promises/{promise_id}:commit", headers={"Idempotency-Key": "k-2"})
    run_all(db)
    with db.write() as tx:
        mark_sent(tx, [one.id for one in events.after(tx, 0, 10)])
        assert prune_sent(tx, tx.now() + 1) == 1

    response = client.get("/v1/events")

    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "forgotten"
    assert "go on after 1" in response.json()["detail"]
    assert [one["type"] for one in read(client, after=1)["items"]] == ["PromiseCommitted"]


def test_it_needs_a_key(db: Database, client: Client) -> None:
    del client.headers["Authorization"]

    assert client.get("/v1/events").status_code == 401
