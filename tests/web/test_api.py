"""What all of the API shares: supply news, lists, limits, the description of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from litestar.testing import TestClient
from tests.company import iso_day

from accord.db.engine import Database
from accord.promise import service
from accord.web.access.limits import RateLimit
from accord.web.layout.problems import pages
from accord.web.server import app, logs
from accord.web.server.app import on, routed_path

HOST = "http://accord.localhost"
Client = TestClient[Any]


@pytest.fixture
def client(file: Database, today: int) -> Iterator[Client]:
    with TestClient(on(file, is_open=True, rate=0), base_url=HOST) as made:
        yield made


def commit(client: Client, today: int, quantity: str, key: str) -> Any:
    line = {"item": "X-100", "quantity": quantity, "requested_on": iso_day(today, 3)}
    return client.post(
        "/v1/promises", json={"customer": "C1", "lines": [line]}, headers={"Idempotency-Key": key}
    )


def tell(client: Client, key: str, *news: dict[str, Any]) -> Any:
    return client.post("/v1/supply", json={"news": list(news)}, headers={"Idempotency-Key": key})


def available(client: Client, item: str = "X-100", site: str = "Halden") -> str:
    found: str = client.get("/v1/atp", params={"item": item, "site": site}).json()["steps"][0]["available"]
    return found


# --- supply news ---


def test_news_changes_what_can_be_promised_and_uncovers_what_was(client: Client, today: int) -> None:
    promise = commit(client, today, "80", "k-1").json()["promise"]
    count = {
        "type": "counted",
        "item": "X-100",
        "site": "Halden",
        "quantity": "30",
        "as_of": "2026-01-01T00:00:00Z",
        "sequence": 2,
    }

    told = tell(client, "n-1", count)
    again = tell(client, "n-1", count)

    assert told.status_code == 200
    assert told.content == again.content
    (exception,) = client.get("/v1/exceptions").json()["items"]
    assert [exception["id"]] == told.json()["opened"]
    assert (exception["item"], exception["short"], exception["unit"]) == ("X-100", "50", "piece")
    assert exception["owner"]
    commitment = client.get(f"/v1/promises/{promise}").json()["lines"][0]["commitments"][0]["id"]
    assert exception["commitment"] == commitment

    closed = tell(client, "n-2", count | {"quantity": "100", "sequence": 3}).json()
    assert closed["closed"] == [exception["id"]]
    assert client.get("/v1/exceptions").json() == {"items": [], "next": None}


def test_master_data_comes_in_as_news_in_its_own_words(client: Client, today: int) -> None:
    news = [
        {"type": "master_stated", "kind": "item", "record": {"id": "GAS", "name": "Gas", "unit": "m3", "scale": 10}},
        {"type": "counted", "item": "GAS", "site": "Lyon", "quantity": "12.5", "as_of": "2026-01-01T00:00:00Z"},
        {
            "type": "receipt_stated", "item": "GAS", "site": "Lyon", "id": "po-9", "kind": "purchase",
            "quantity": "7.5", "due_on": iso_day(today, 2), "ref": "PO 9",
        },
        {
            "type": "master_stated", "kind": "allocation",
            "record": {
                "id": "share", "item": "X-110", "site": "Halden", "path": ["tier:A"], "rank": 1,
                "from_on": iso_day(today, 0), "until_on": iso_day(today, 30), "quantity": 5,
            },
        },
    ]  # fmt: skip

    assert tell(client, "n-1", *news).status_code == 200

    steps = client.get("/v1/atp", params={"item": "GAS", "site": "Lyon"}).json()
    assert steps["unit"] == "m3"
    assert [step["available"] for step in steps["steps"]] == ["12.5", "20"]
    line = {"item": "GAS", "quantity": "0.1", "requested_on": iso_day(today, 1)}
    assert client.post("/v1/promises:ask", json={"lines": [line]}).json()["verdict"] == "yes"


@pytest.mark.parametrize(
    ("news", "pointer"),
    [
        ({"type": "counted", "item": "X-100", "site": "Halden", "quantity": "-1", "as_of": "2026-01-01T00:00:00Z"}, "/news/0/quantity"),
        ({"type": "counted", "item": "X-100", "site": "Halden", "quantity": "1", "as_of": "yesterday"}, "/news/0/as_of"),
        ({"type": "counted", "item": "X-100", "site": "Halden", "quantity": "1", "as_of": "2026-01-01T00:00:00"}, "/news/0/as_of"),
        ({"type": "master_stated", "kind": "item", "record": {"id": "A", "name": 5}}, "/news/0/record/name"),
        ({"type": "master_stated", "kind": "planet", "record": {}}, "/news/0/kind"),
        ({"type": "rumour"}, "/news/0/type"),
        ({"type": "shipped", "commitment": "com_x", "quantity": 0, "at": "2026-01-01T00:00:00Z"}, "/news/0/quantity"),
    ],
)  # fmt: skip
def test_wrong_news_is_named_and_leaves_nothing(client: Client, news: dict[str, Any], pointer: str) -> None:
    good = {
        "type": "counted",
        "item": "X-100",
        "site": "Halden",
        "quantity": "7",
        "as_of": "2026-01-01T00:00:00Z",
        "sequence": 9,
    }

    response = tell(client, "n-1", news, good)

    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer
    assert available(client) == "100"


def test_unknown_things_in_news_are_an_error(client: Client) -> None:
    count = {
        "type": "counted",
        "item": "NO",
        "site": "Halden",
        "quantity": "1",
        "as_of": "2026-01-01T00:00:00Z",
    }

    response = tell(client, "n-1", count)

    assert response.status_code == 422
    assert "NO" in response.json()["detail"]


def test_a_commitment_is_fulfilled_in_parts_and_then_wholly(client: Client, today: int) -> None:
    promise = commit(client, today, "80", "k-1").json()["promise"]
    path = f"/v1/promises/{promise}"
    id = client.get(path).json()["lines"][0]["commitments"][0]["id"]

    def fulfil(key: str, quantity: str) -> Any:
        body = {"quantity": quantity, "at": "2026-01-02T00:00:00Z"}
        return client.post(f"/v1/commitments/{id}:fulfil", json=body, headers={"Idempotency-Key": key})

    part = fulfil("f-1", "30")
    again = fulfil("f-1", "30")
    too_many = fulfil("f-2", "51")

    assert part.status_code == again.status_code == 200
    assert too_many.status_code == 422
    assert client.get(path).json()["lines"][0]["commitments"][0]["fulfilled"] == "30"
    assert fulfil("f-3", "50").status_code == 200
    assert client.get(path).json()["state"] == "fulfilled"
    assert available(client) == "20"
    id = "com_no"
    assert fulfil("f-4", "1").status_code == 404


# --- lists ---


def test_master_data_is_listed_page_by_page(client: Client) -> None:
    first = client.get("/v1/items", params={"limit": 2}).json()
    second = client.get("/v1/items", params={"limit": 2, "after": first["next"]}).json()

    assert [one["id"] for one in first["items"] + second["items"]] == ["OIL", "X-100", "X-110"]
    assert first["items"][0] == {"id": "OIL", "name": "Gear oil", "unit": "litre", "base_units": 1000}
    assert second["next"] is None
    assert [one["id"] for one in client.get("/v1/sites").json()["items"]] == ["Halden", "Lyon"]
    assert [one["name"] for one in client.get("/v1/customers").json()["items"]] == [
        "Northwind",
        "Northgate",
        "Whole Lots",
    ]


def test_atp_needs_an_item_and_a_site_that_are_there(client: Client) -> None:
    assert client.get("/v1/atp", params={"item": "X-100"}).json()["errors"][0]["pointer"] == "site"
    assert client.get("/v1/atp", params={"item": "X-100", "site": "Mars"}).status_code == 404


# --- limits ---


def test_a_caller_has_so_many_tokens_and_gets_them_back_steadily() -> None:
    now = [0.0]
    limit = RateLimit(10, clock=lambda: now[0])

    assert [limit.take("a").retry_after_seconds for _ in range(20)] == [0] * 20
    assert limit.take("a").retry_after_seconds == 1
    assert limit.take("b").retry_after_seconds == 0
    now[0] = 0.1
    assert limit.take("a").retry_after_seconds == 0
    assert limit.take("a").retry_after_seconds == 1
    now[0] = 100
    assert limit.take("a").remaining == 19
    assert RateLimit(0).take("a").limit == 0


def test_who_asks_too_often_is_told_when_to_come_back(file: Database, today: int) -> None:
    with TestClient(on(file, is_open=True, rate=1), base_url=HOST) as client:
        answers = [client.get("/v1/items") for _ in range(4)]

    assert [one.status_code for one in answers] == [200, 200, 429, 429]
    assert answers[0].headers["ratelimit-policy"] == '"key";q=1;w=1'
    assert answers[0].headers["ratelimit"] == '"key";r=1;t=1'
    assert answers[2].headers["retry-after"] == "1"
    assert answers[2].json()["retryable"] is True


def test_a_full_desk_says_when_to_come_back(
    client: Client, file: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.desk(file)._quick, "_queue_max", 0)

    response = commit(client, today, "1", "k-1")

    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["retryable"] is True


def test_who_comes_while_there_is_too_much_to_do_is_sent_away_unread(
    client: Client, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "IN_FLIGHT_MAX", 0)

    answers = [commit(client, today, "1", "k-1"), client.get("/v1/items"), client.post("/v1/nothing")]

    assert [one.status_code for one in answers] == [503] * 3
    assert [one.headers["retry-after"] for one in answers] == ["1"] * 3
    assert {one.headers["content-type"] for one in answers} == {"application/problem+json"}
    assert answers[0].json()["instance"] == "/v1/promises"
    assert answers[0].json()["request_id"] == answers[0].headers["x-request-id"]
    assert client.get("/v1/health").status_code == 200
    monkeypatch.setattr(app, "IN_FLIGHT_MAX", 1)
    assert commit(client, today, "1", "k-1").status_code == 201
    assert commit(client, today, "1", "").status_code == 422
    assert commit(client, today, "1", "k-2").status_code == 201


def test_a_mistake_of_ours_is_a_problem_without_internals(
    client: Client, today: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        canary = "a value of a variable"
        raise ZeroDivisionError("a secret" if canary else "")

    logs.set_up()

    monkeypatch.setattr(service, "ask", broken)
    line = {"item": "X-100", "quantity": "1", "requested_on": iso_day(today, 3)}

    response = client.post("/v1/promises:ask", json={"lines": [line]})

    assert response.status_code == 500
    assert response.json()["code"] == "fault"
    assert "secret" not in response.text
    assert response.json()["request_id"] == response.headers["x-request-id"]
    logged = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert logged["request_id"] == response.json()["request_id"]
    assert "ZeroDivisionError" in logged["exception"]
    assert "a value of a variable" not in logged["exception"].replace('canary = "a value of a variable"', "")
    structlog.reset_defaults()


# --- the description ---


def test_the_description_says_everything_a_route_may_answer(client: Client) -> None:
    response = client.get("/v1/openapi.json")

    made = response.json()
    assert response.status_code == 200
    assert made["openapi"] == "3.1.0"
    assert made["info"]["title"] == "Accord"
    assert made["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, methods in made["paths"].items():
        assert "/:" not in path
        for method, operation in methods.items():
            problems = {status for status in operation["responses"] if status >= "400"}
            assert {"429", "503"} <= problems, (method, path)
            assert method == "get" or "409" in problems
            assert operation["description"]
    commit = made["paths"]["/v1/promises"]["post"]
    assert {one["name"] for one in commit["parameters"]} == {"Idempotency-Key"}
    assert commit["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("PromiseIn")
    assert commit["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].endswith("Decision")


def test_the_description_says_what_is_refused_and_how_one_is_known(client: Client) -> None:
    made = client.get("/v1/openapi.json").json()

    # Found by schemathesis: what answers 404, and what takes no members that it does not know.
    assert "404" in made["paths"]["/v1/atp"]["get"]["responses"]
    assert made["components"]["schemas"]["PromiseIn"]["additionalProperties"] is False
    assert "additionalProperties" not in made["components"]["schemas"]["Decision"]
    assert made["security"] == [{"key": []}, {"session": []}]


@pytest.mark.parametrize(
    ("path", "methods"), [("/v1/promises", "GET, OPTIONS, POST"), ("/promises/prm_x", "GET, OPTIONS, POST")]
)
def test_all_methods_of_an_address_are_named(client: Client, path: str, methods: str) -> None:
    """Routes that share an address have one answer to OPTIONS between them; the framework's names the first only."""
    answer = client.options(path)

    assert (answer.status_code, answer.headers["allow"]) == (204, methods)


def test_every_reference_in_the_description_leads_somewhere(client: Client) -> None:
    made = client.get("/v1/openapi.json").json()

    def references(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    found = set(references(made))
    assert found
    assert {
        one for one in found if one.removeprefix("#/components/schemas/") not in made["components"]["schemas"]
    } == set()


def test_health_needs_no_key(file: Database, today: int) -> None:
    with TestClient(on(file, rate=0), base_url=HOST) as client:
        response = client.get("/v1/health")

    assert response.status_code == 200
    assert response.json()["status"] == "ok"


@pytest.mark.parametrize(
    ("path", "routed"),
    [
        ("/v1/promises:ask", "/v1/promises/:ask"),
        ("/v1/promises/prm_1:commit", "/v1/promises/prm_1/:commit"),
        ("/v1/promises/a:b/c", "/v1/promises/a:b/c"),
        ("/problems/a:b", "/problems/a:b"),
        ("/v1/promises/:ask", "/v1/promises/:ask"),
    ],
)
def test_an_address_may_end_in_a_verb(path: str, routed: str) -> None:
    assert routed_path(path) == routed


def test_every_problem_says_what_to_do() -> None:
    for one in pages().values():
        assert one.what
        assert one.then
        assert 400 <= one.status <= 503
