"""A request that comes again over HTTP gets the bytes it got before, and is told that it is a repeat; nothing is done twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from tests.company import MASTERS, TERMS, iso_day
from tests.promise.rights_company import RIGHTS

from accord.db.engine import Database
from accord.exceptions.api import routes
from accord.exceptions.model import MasterStated
from accord.exceptions.service import supply_changed
from accord.ledger.model import Item
from accord.policy import service as policy
from accord.policy.model import Rules
from accord.promise import service
from accord.web.people import keys
from accord.web.server.app import on

HOST = "http://accord.localhost"
MARK = "Idempotent-Replayed"
Client = TestClient[Any]


@pytest.fixture
def client(file: Database, today: int) -> Iterator[Client]:
    with TestClient(on(file, is_open=True, rate=0), base_url=HOST) as made:
        yield made


def order(today: int, quantity: str = "5", **more: Any) -> dict[str, Any]:
    line = {"item": "X-100", "quantity": quantity, "requested_on": iso_day(today, 3)}
    return {"customer": "C1", "lines": [line], **more}


def post(client: Client, path: str, key: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(path, json=body or {}, headers={"Idempotency-Key": key})


def judged(first: Any, again: Any, status: int) -> None:
    assert (first.status_code, again.status_code) == (status, status)
    assert again.content == first.content
    assert MARK not in first.headers
    assert again.headers[MARK] == "true"


def test_repeats_that_wait_in_one_batch_with_their_first_are_told_so(
    client: Client, file: Database, today: int
) -> None:
    """All of them came in before any was decided: only one of them is the first."""
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(post(client, "/v1/promises", "k-1", order(today))))
        for _ in range(5)
    ]
    with file.write():
        for thread in threads:
            thread.start()
        give_up_at = time.monotonic() + 10
        while time.monotonic() < give_up_at:
            counted = service.desk(file).counters()[0]
            if counted.jobs + counted.queue_depth == 5:
                break
            time.sleep(0.01)
    for thread in threads:
        thread.join()

    assert [one.status_code for one in answers] == [201] * 5
    assert len({one.content for one in answers}) == 1
    assert sorted(one.headers.get(MARK, "") for one in answers) == ["", "true", "true", "true", "true"]


def test_what_was_done_is_answered_again(client: Client, today: int) -> None:
    first = post(client, "/v1/promises", "k-1", order(today, verb="hold"))
    promise = first.json()["promise"]
    judged(first, post(client, "/v1/promises", "k-1", order(today, verb="hold")), 201)

    for key, verb, body in [
        ("k-2", ":amend", {"lines": order(today, "7")["lines"]}),
        ("k-3", ":hold", {"hold_seconds": 900}),
        ("k-4", ":commit", {}),
        ("k-5", ":cancel", {}),
    ]:
        path = f"/v1/promises/{promise}/{verb}".replace("/:", ":")
        judged(post(client, path, key, body), post(client, path, key, body), 200)


def test_what_was_refused_is_refused_again_in_the_same_words(client: Client, today: int) -> None:
    body = order(today, "900")

    judged(post(client, "/v1/promises", "k-1", body), post(client, "/v1/promises", "k-1", body), 409)


def test_a_promise_that_is_not_there_is_not_there_again_in_the_same_words(client: Client) -> None:
    path = "/v1/promises/prm_none:cancel"

    judged(post(client, path, "k-1"), post(client, path, "k-1"), 404)


def test_a_bulk_call_is_a_repeat_when_all_of_it_is(client: Client, today: int) -> None:
    orders = [{"id": f"o-{n}", **order(today, quantity)} for n, quantity in enumerate(("5", "900", "6"))]

    first = post(client, "/v1/promises:bulk", "b-1", {"orders": orders})
    more = post(client, "/v1/promises:bulk", "b-2", {"orders": [*orders, {"id": "o-9", **order(today)}]})

    judged(first, post(client, "/v1/promises:bulk", "b-1", {"orders": orders}), 200)
    assert MARK not in more.headers
    assert more.json()["items"][:3] == first.json()["items"]


def test_news_is_told_once(client: Client) -> None:
    count = {"type": "counted", "item": "X-100", "site": "Halden", "quantity": "90", "as_of": "2026-01-01T00:00:00Z"}  # fmt: skip
    body = {"news": [count | {"sequence": 2}]}

    judged(post(client, "/v1/supply", "n-1", body), post(client, "/v1/supply", "n-1", body), 200)


@pytest.mark.parametrize(("promised", "fulfilled"), [("10", "6"), ("10", "10")])
def test_a_fulfilment_is_told_once_however_little_is_left(
    client: Client, today: int, promised: str, fulfilled: str
) -> None:
    promise = post(client, "/v1/promises", "k-1", order(today, promised)).json()["promise"]
    (line,) = client.get(f"/v1/promises/{promise}").json()["lines"]
    path = f"/v1/commitments/{line['commitments'][0]['id']}:fulfil"
    body = {"quantity": fulfilled, "at": "2026-01-02T00:00:00Z"}

    first = post(client, path, "f-1", body)
    judged(first, post(client, path, "f-1", body), 200)
    assert post(client, path, "f-1", body | {"quantity": "1"}).status_code == 422


def test_who_tells_the_same_at_that_very_moment_is_a_repeat(
    client: Client, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise = post(client, "/v1/promises", "k-1", order(today, "10")).json()["promise"]
    (line,) = client.get(f"/v1/promises/{promise}").json()["lines"]
    path = f"/v1/commitments/{line['commitments'][0]['id']}:fulfil"
    body = {"quantity": "6", "at": "2026-01-02T00:00:00Z"}
    real, others = routes.ledger.node, list[Any]()

    def node(*args: Any) -> Any:
        """What is open is looked at after another has told it, and before that one's reply is known."""
        if not others:
            others.append(None)
            others.append(post(client, path, "f-1", body))
        return real(*args)

    monkeypatch.setattr(routes.ledger, "node", node)
    second = post(client, path, "f-1", body)

    judged(others[1], second, 200)


def test_an_answer_is_repeated_in_the_words_of_its_time(client: Client, file: Database, today: int) -> None:
    """Units and currency are stated otherwise afterwards."""
    done, refused = order(today), order(today, "900")
    first = post(client, "/v1/promises", "k-1", done), post(client, "/v1/promises", "k-2", refused)

    pump = next(one for one in MASTERS if one.id == "X-100")
    assert isinstance(pump, Item)
    changed = msgspec.structs.replace(pump, name="Big pump", unit="unit")
    supply_changed(file, [MasterStated(record=changed)], actor="erp", id="later")
    policy.put(file, [Rules(currency="NOK")], actor="boss", id="later")
    time.sleep(0.3)  # what was read before may be used for so long

    judged(first[0], post(client, "/v1/promises", "k-1", done), 201)
    judged(first[1], post(client, "/v1/promises", "k-2", refused), 409)
    assert post(client, "/v1/promises", "k-3", done).content != first[0].content


def test_an_answer_is_repeated_when_what_it_names_is_there_no_more(
    client: Client, file: Database, today: int
) -> None:
    body = order(today)
    one = {"id": "o-1", **order(today, "7")}
    first = (
        post(client, "/v1/promises", "k-1", body),
        post(client, "/v1/promises:bulk", "b-1", {"orders": [one]}),
    )
    supply_changed(file, [MasterStated(ends=("item", "X-100"))], actor="erp", id="ended")
    time.sleep(0.3)  # what was read before may be used for so long

    judged(first[0], post(client, "/v1/promises", "k-1", body), 201)
    judged(first[1], post(client, "/v1/promises:bulk", "b-1", {"orders": [one]}), 200)
    other = post(client, "/v1/promises", "k-1", order(today, "6"))
    assert (other.status_code, other.json()["code"]) == (422, "request_changed")
    new = post(client, "/v1/promises", "k-2", body)
    assert (new.status_code, new.json()["errors"][0]["code"]) == (422, "unknown_item")
    both = post(client, "/v1/promises:bulk", "b-2", {"orders": [one, {"id": "o-2", **body}]})
    assert [item["status"] for item in both.json()["items"]] == [201, 422]
    assert both.json()["items"][0] == first[1].json()["items"][0]


def test_an_approval_is_given_once(file: Database, today: int) -> None:
    policy.put(file, [*TERMS, RIGHTS], actor="boss", id="rights")
    secret = {name: keys.add(file, name, ["ask", "promise"]).secret for name in ("sam", "mia")}

    with TestClient(on(file, rate=0), base_url=HOST) as client:

        def say(name: str, path: str, key: str, body: dict[str, Any]) -> Any:
            client.headers["Authorization"] = f"Bearer {secret[name]}"
            return post(client, path, key, body)

        body = order(today, "60", asks_approval=True)
        body["lines"][0]["price"] = {"minor": 2_000, "currency": "EUR"}
        asked = say("sam", "/v1/promises", "k-1", body)
        judged(asked, say("sam", "/v1/promises", "k-1", body), 202)
        path = f"/v1/approvals/{asked.json()['approval']}:approve"
        judged(say("mia", path, "k-2", {}), say("mia", path, "k-2", {}), 200)
