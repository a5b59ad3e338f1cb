"""Two servers on one PostgreSQL share nothing but the database: what one does, the other knows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx2
import msgspec
import pytest
from tests import postgres
from tests.company import iso_day, tell
from tests.promise.rights_company import RIGHTS, SELLER
from tests.web.test_jobs import until
from tests.web.test_server import server

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.policy import service as policy
from accord.policy.model import Actor, Edition
from accord.promise import service
from accord.web.people import keys

pytestmark = pytest.mark.postgres

EACH = 8  # callers of each server at once


class Two(msgspec.Struct, frozen=True):
    """Two servers, and the database they share."""

    db: Database
    today: int
    clients: tuple[httpx2.Client, httpx2.Client]
    key: str  # id of the key that both clients have


@pytest.fixture(scope="module")
def two(pg_server: str) -> Iterator[Two]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres.database(pg_server))
        db = open_database(url)
        stack.callback(db.close)
        upgrade(db)
        today = tell(db)
        key = keys.add(db, "shop", ["promise", "supply"])
        addresses = [stack.enter_context(server(url, "--rate", "0")) for _ in range(2)]
        first, second = [
            stack.enter_context(
                httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {key.secret}"}, timeout=60)
            )
            for address in addresses
        ]
        yield Two(db, today, (first, second), key.id)


def order(
    two: Two, quantity: int, verb: str = "commit", item: str = "X-100", ahead: int = 20
) -> dict[str, Any]:
    line = {"item": item, "quantity": str(quantity), "requested_on": iso_day(two.today, ahead)}
    return {"customer": "C1", "lines": [line], "verb": verb}


def post(
    client: httpx2.Client, body: dict[str, Any], key: str, path: str = "/v1/promises"
) -> httpx2.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def counted(item: str, quantity: str) -> dict[str, Any]:
    return {
        "type": "counted",
        "item": item,
        "site": "Lyon",
        "quantity": quantity,
        "as_of": "2026-01-01T00:00:00Z",
    }


def tell_to(client: httpx2.Client, key: str, *news: dict[str, Any]) -> None:
    told = post(client, {"news": list(news)}, key, "/v1/supply")
    assert told.status_code == 200, told.text


@contextmanager
def at_once(works: list[Any]) -> Iterator[list[Any]]:
    """The answers of all of them, which begin together."""
    ready, answers = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int) -> None:
        ready.wait(timeout=60)
        answers[place] = works[place]()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield answers


def test_the_same_id_sent_to_both_at_once_is_one_promise(two: Two) -> None:
    before = len(service.promises(two.db, limit=200)[0])
    body = order(two, 1)

    with at_once(
        [lambda client=client: post(client, body, "same") for client in two.clients * EACH]
    ) as answers:
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["promise"] for answer in answers}) == 1

    other = post(two.clients[1], order(two, 2), "same")
    assert (other.status_code, other.json()["code"]) == (422, "request_changed")
    assert len(service.promises(two.db, limit=200)[0]) == before + 1


def test_what_one_holds_the_other_commits_and_the_first_ends(two: Two) -> None:
    first, second = two.clients
    held = post(first, order(two, 3, "hold"), "held").json()["promise"]

    committed = post(second, {}, "hardened", f"/v1/promises/{held}:commit")
    ended = post(first, {}, "ended", f"/v1/promises/{held}:cancel")

    assert (committed.status_code, ended.status_code) == (200, 200)
    assert second.get(f"/v1/promises/{held}").json()["state"] == "cancelled"


def test_the_desks_of_both_give_away_what_is_there_and_no_more(two: Two) -> None:
    tell_to(two.clients[0], "count", counted("X-110", "20"))

    works = [
        lambda client=client, n=n: post(client, order(two, 2, item="X-110"), f"wants-{n}")
        for n, client in enumerate(two.clients * EACH)
    ]
    with at_once(works) as answers:
        codes = sorted(answer.status_code for answer in answers)

    assert codes == [201] * 10 + [409] * 6
    assert service.verify(two.db).findings == ()


def test_what_is_new_to_one_is_known_to_the_other(two: Two) -> None:
    first, second = two.clients
    assert (
        post(second, order(two, 1, item="NEW-1"), "too early").json()["errors"][0]["code"] == "unknown_item"
    )
    item = {"type": "master_stated", "kind": "item", "record": {"id": "NEW-1", "name": "New"}}
    tell_to(first, "new item", item, counted("NEW-1", "5"))

    answer = post(second, order(two, 1, item="NEW-1"), "now")

    assert answer.status_code == 201, answer.text


def test_an_edition_of_the_rights_comes_into_force_for_both_at_its_moment(two: Two) -> None:
    rights = msgspec.structs.replace(
        RIGHTS, actors=(*RIGHTS.actors, Actor(id="shop", roles=(SELLER,))), limits=()
    )
    with two.db.read() as tx:
        from_at = tx.now() + 3_000_000
    policy.state(two.db, Edition(id="", rights=rights, effective_at=from_at), id="edition", actor="boss")
    early = [post(client, order(two, 61, "hold"), f"early-{n}") for n, client in enumerate(two.clients)]
    for client, answer in zip(two.clients, early, strict=True):
        post(
            client, {}, f"free-{answer.json()['promise']}", f"/v1/promises/{answer.json()['promise']}:release"
        )

    def is_over() -> bool:
        with two.db.read() as tx:
            return tx.now() > from_at

    until(is_over, seconds=30)
    late = [post(client, order(two, 61, "hold"), f"late-{n}") for n, client in enumerate(two.clients)]

    assert [answer.status_code for answer in early] == [201, 201]
    assert [answer.status_code for answer in late] == [409, 409]
    assert all(answer.json()["code"] in ("approval_needed", "not_allowed") for answer in late)


def test_a_key_that_is_taken_back_opens_neither_two_seconds_later(two: Two) -> None:
    assert [client.get("/v1/items").status_code for client in two.clients] == [200, 200]

    keys.revoke(two.db, two.key)

    until(lambda: [client.get("/v1/items").status_code for client in two.clients] == [401, 401], seconds=10)
