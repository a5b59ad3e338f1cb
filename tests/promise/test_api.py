"""How systems ask for a promise over HTTP: every status, every right, and that the same key does it once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from tests.company import iso_day, tell

from accord.db.engine import Database
from accord.promise import service
from accord.promise.api import answering
from accord.promise.model import Refusal
from accord.web.layout.problems import pages
from accord.web.people import keys
from accord.web.server.app import on

pytestmark = pytest.mark.usefixtures("noon")

Client = TestClient[Any]


@pytest.fixture
def today(db: Database) -> int:
    return tell(db)


@pytest.fixture
def client(db: Database, today: int) -> Iterator[Client]:
    """Somebody with the rights to ask and promise."""
    key = keys.add(db, "shop", ["promise"])
    with TestClient(on(db, rate=0), base_url="http://accord.localhost") as made:
        made.headers["Authorization"] = f"Bearer {key.secret}"
        yield made


def order(today: int, quantity: str = "80", ahead: int = 3, **more: Any) -> dict[str, Any]:
    line = {"item": "X-100", "quantity": quantity, "requested_on": iso_day(today, ahead), "site": "Halden"}
    return {"customer": "C1", "lines": [line], **more}


def send(client: Client, path: str, body: Any = None, key: str | None = None) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return (
        client.post(path, json=body, headers=headers)
        if body is not None
        else client.post(path, headers=headers)
    )


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem of a response, after checking what every problem has."""
    found: dict[str, Any] = response.json()
    assert (response.status_code, found["code"]) == (status, code), found
    assert response.headers["content-type"] == "application/problem+json"
    assert found["status"] == status
    assert found["type"] in {f"/problems/{one}" for one in pages()}
    assert found["request_id"]
    assert isinstance(found["retryable"], bool)
    assert isinstance(found["errors"], list)
    return found


def nothing_changed(db: Database) -> bool:
    return service.promises(db)[0] == []


# --- asking ---


def test_a_question_is_answered_and_changes_nothing(client: Client, db: Database, today: int) -> None:
    response = send(client, "/v1/promises:ask", order(today))

    answer = response.json()
    assert response.status_code == 200
    assert (answer["id"], answer["verdict"], answer["promise"]) == (None, "yes", None)
    assert answer["lines"][0]["quantity"] == "80"
    assert answer["lines"][0]["on"] == iso_day(today, 3)
    assert answer["options"][0]["pieces"][0]["evidence"][0] == {
        "source": "on hand", "quantity": "80", "unit": "piece", "on": answer["options"][0]["pieces"][0]["evidence"][0]["on"], "note": ""
    }  # fmt: skip
    assert answer["options"][0]["price"] == {"minor": 160_000, "currency": "EUR"}
    assert nothing_changed(db)


def test_a_no_to_a_question_is_an_answer(client: Client, today: int) -> None:
    response = send(client, "/v1/promises:ask", order(today, "120"))

    answer = response.json()
    assert response.status_code == 200
    assert answer["lines"][0]["verdict"] == "not_by_then"
    assert answer["lines"][0]["quantity_on_time"] == "100"
    assert answer["lines"][0]["on"] == iso_day(today, 14)
    assert answer["lines"][0]["limit"]["short"] == "20"
    assert answer["lines"][0]["limit"]["ref"] == "PO 1"


def test_quantities_are_in_the_stated_unit(client: Client, today: int) -> None:
    line = {"item": "OIL", "quantity": "1.5", "unit": "litre", "requested_on": iso_day(today, 1)}

    answer = send(client, "/v1/promises:ask", {"lines": [line]}).json()

    assert answer["lines"][0]["quantity"] == "1.5"
    assert answer["lines"][0]["unit"] == "litre"
    assert answer["options"][0]["pieces"][0]["quantity"] == "1.5"


# --- promising ---


def test_a_commit_is_made_once_whatever_is_repeated(client: Client, db: Database, today: int) -> None:
    first = send(client, "/v1/promises", order(today), "k-1")
    again = send(client, "/v1/promises", order(today), "k-1")

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"] == f"/v1/promises/{first.json()['promise']}"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    (seen,) = service.promises(db)[0]
    assert seen.promise.id == first.json()["promise"]
    assert seen.promise.actor == "shop"


def test_the_same_key_with_another_body_is_refused(client: Client, db: Database, today: int) -> None:
    send(client, "/v1/promises", order(today), "k-1")

    problem(send(client, "/v1/promises", order(today, "81"), "k-1"), 422, "request_changed")

    assert len(service.promises(db)[0]) == 1


def test_a_no_to_a_commit_is_a_problem_with_fresh_options_and_the_same_again(
    client: Client, today: int
) -> None:
    first = send(client, "/v1/promises", order(today, "120"), "k-1")
    again = send(client, "/v1/promises", order(today, "120"), "k-1")

    found = problem(first, 409, "supply_short")
    assert found["request_id"] == "k-1"
    assert found["verdict"] == "not_by_then"
    assert {piece["deliver_on"] for option in found["options"] for piece in option["pieces"]} >= {
        iso_day(today, 14)
    }
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"


def test_an_option_that_was_looked_at_is_taken_by_its_name(client: Client, today: int) -> None:
    seen = send(client, "/v1/promises:ask", order(today, "120")).json()
    later = next(one for one in seen["options"] if one["kind"] == "later")

    taken = send(
        client, "/v1/promises", order(today, "120", option=later["id"], digest=seen["digest"]), "k-1"
    )

    assert taken.status_code == 201
    assert taken.json()["chosen"] == later["number"]


def test_an_option_that_went_meanwhile_is_gone(client: Client, today: int) -> None:
    seen = send(client, "/v1/promises:ask", order(today, "100")).json()
    send(client, "/v1/promises", order(today, "40"), "k-1")

    body = order(today, "100", option=seen["options"][0]["id"], digest=seen["digest"])
    found = problem(send(client, "/v1/promises", body, "k-2"), 409, "option_is_gone")

    assert found["options"]


def test_a_hold_is_renewed_hardened_and_then_cancelled(client: Client, today: int) -> None:
    held = send(client, "/v1/promises", order(today, verb="hold", hold_seconds=60), "k-1").json()
    path = f"/v1/promises/{held['promise']}"

    renewed = send(client, f"{path}:hold", {"hold_seconds": 120}, "k-2")
    hardened = send(client, f"{path}:commit", None, "k-3")
    released = send(client, f"{path}:release", None, "k-4")
    cancelled = send(client, f"{path}:cancel", {}, "k-5")

    assert renewed.status_code == 200, renewed.json()
    assert held["expires_at"] < renewed.json()["expires_at"]
    assert hardened.status_code == 200
    problem(released, 409, "promise_is_not_a_hold")
    assert cancelled.status_code == 200
    assert client.get(path).json()["state"] == "cancelled"


def test_amending_gives_back_what_it_held_itself(client: Client, today: int) -> None:
    made = send(client, "/v1/promises", order(today, "80"), "k-1").json()

    amended = send(client, f"/v1/promises/{made['promise']}:amend", order(today, "100"), "k-2")

    assert amended.status_code == 200
    assert client.get(f"/v1/promises/{made['promise']}").json()["lines"][0]["quantity"] == "100"


def test_a_promise_that_is_not_there_is_not_found(client: Client) -> None:
    problem(client.get("/v1/promises/prm_nothing"), 404, "not_found")
    problem(client.get("/v1/promises/com_wrong_kind"), 404, "not_found")
    problem(send(client, "/v1/promises/prm_nothing:cancel", None, "k-1"), 404, "not_found")


# --- what is wrong ---


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"lines": []}, "/lines", "not_in_range"),
        ({"customer": "Nobody"}, "/customer", "unknown_customer"),
        ({"verb": "steal"}, "/verb", "not_in_range"),
        ({"hold_seconds": 0}, "/hold_seconds", "not_in_range"),
        ({"surprise": 1}, "/surprise", "unknown_field"),
        ({"ref": "x" * 201}, "/ref", "not_in_range"),
    ],
)
def test_a_wrong_field_is_named(
    client: Client, db: Database, today: int, change: dict[str, Any], pointer: str, code: str
) -> None:
    found = problem(send(client, "/v1/promises", order(today, **change), "k-1"), 422, "invalid_input")

    assert [(one["pointer"], one["code"]) for one in found["errors"]] == [(pointer, code)]
    assert nothing_changed(db)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"item": "X-999"}, "/lines/0/item", "unknown_item"),
        ({"item": "x-100"}, "/lines/0/item", "unknown_item"),
        ({"site": "Mars"}, "/lines/0/site", "unknown_site"),
        ({"quantity": "0"}, "/lines/0/quantity", "not_positive"),
        ({"quantity": "-1"}, "/lines/0/quantity", "negative"),
        ({"quantity": "1.5"}, "/lines/0/quantity", "not_whole"),
        ({"quantity": "9" * 30}, "/lines/0/quantity", "too_large"),
        ({"quantity": "1e3"}, "/lines/0/quantity", "not_a_number"),
        ({"quantity": 80}, "/lines/0/quantity", "wrong_type"),
        ({"requested_on": "12/03/2027"}, "/lines/0/requested_on", "not_a_date"),
        ({"requested_on": "2027-02-30"}, "/lines/0/requested_on", "not_a_date"),
        ({"unit": "kg"}, "/lines/0/unit", "wrong_unit"),
        ({"price": {"minor": 5, "currency": "USD"}}, "/lines/0/price/currency", "wrong_currency"),
        ({"price": {"minor": -5, "currency": "EUR"}}, "/lines/0/price/minor", "not_a_price"),
    ],
)
def test_a_wrong_field_of_a_line_is_named(
    client: Client, db: Database, today: int, change: dict[str, Any], pointer: str, code: str
) -> None:
    body = order(today)
    body["lines"][0] |= change

    found = problem(send(client, "/v1/promises", body, "k-1"), 422, "invalid_input")

    assert [(one["pointer"], one["code"]) for one in found["errors"]] == [(pointer, code)]
    assert nothing_changed(db)


def test_a_day_in_the_past_is_a_no(client: Client, today: int) -> None:
    assert (
        send(client, "/v1/promises:ask", order(today, ahead=-1)).json()["refusals"][0]["code"]
        == "day_in_the_past"
    )
    problem(send(client, "/v1/promises", order(today, ahead=-1), "k-1"), 409, "day_in_the_past")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{bad", "application/json", 400, "malformed"),
        (b'{"ref": "\xff"}', "application/json", 400, "malformed"),
        (b"\xff\xfe{\x00}\x00", "application/json", 400, "malformed"),
        (b"", "application/json", 400, "malformed"),
        (b"[" * 5_000, "application/json", 400, "malformed"),
        (b'{"lines":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001, "application/json", 400, "malformed"),
        (b"[]", "application/json", 422, "invalid_input"),
        (b"{}", "text/plain", 415, "not_json"),
        (b"item=X-100", "application/x-www-form-urlencoded", 415, "not_json"),
        (b'"' + b"x" * 1_100_000 + b'"', "application/json", 413, "too_large"),
    ],
    ids=[
        "broken",
        "not utf-8",
        "utf-16",
        "nothing",
        "deep list",
        "deep object",
        "a list",
        "text",
        "a form",
        "huge",
    ],
)
def test_a_body_that_cannot_be_read_changes_nothing(
    client: Client, db: Database, body: bytes, content_type: str, status: int, code: str
) -> None:
    headers = {"Idempotency-Key": "k-1", "Content-Type": content_type}

    problem(client.post("/v1/promises", content=body, headers=headers), status, code)

    assert nothing_changed(db)


def test_what_changes_something_needs_a_key_of_its_own(client: Client, db: Database, today: int) -> None:
    found = problem(send(client, "/v1/promises", order(today)), 400, "idempotency_key_missing")
    assert "Idempotency-Key" in found["detail"]
    problem(send(client, "/v1/promises", order(today), "k" * 201), 422, "invalid_input")

    assert nothing_changed(db)


def test_addresses_and_methods_that_are_not_there(client: Client) -> None:
    problem(client.get("/v1/nothing"), 404, "not_found")
    problem(client.put("/v1/promises"), 405, "method_not_allowed")
    assert "POST" in client.put("/v1/promises").headers["allow"]


# --- many at once ---


def test_a_bulk_of_orders_answers_each_as_if_it_came_alone(client: Client, db: Database, today: int) -> None:
    wrong = order(today, "5", id="o-3")
    wrong["lines"][0]["item"] = "X-999"
    body = {
        "orders": [
            order(today, "80", id="o-1"),
            order(today, "80", id="o-2"),
            wrong,
            order(today, "20", id="o-4"),
        ]
    }

    response = send(client, "/v1/promises:bulk", body, "bulk-1")
    again = send(client, "/v1/promises:bulk", body, "bulk-1")

    items = response.json()["items"]
    assert [(one["id"], one["status"]) for one in items] == [
        ("o-1", 201),
        ("o-2", 409),
        ("o-3", 422),
        ("o-4", 201),
    ]
    assert items[2]["problem"]["errors"][0]["pointer"] == "/orders/2/lines/0/item"
    assert items[1]["problem"]["code"] == "supply_short"
    assert again.json()["items"] == items
    assert again.headers["idempotent-replayed"] == "true"
    assert len(service.promises(db)[0]) == 2


def test_a_bulk_has_at_most_500_lines(client: Client, db: Database, today: int) -> None:
    many = order(today, "1")
    many["lines"] *= 251
    body = {"orders": [many | {"id": "o-1"}, many | {"id": "o-2"}]}

    found = problem(send(client, "/v1/promises:bulk", body, "bulk-1"), 422, "invalid_input")

    assert found["errors"][0]["code"] == "too_many_lines"
    assert nothing_changed(db)


@pytest.mark.parametrize(("at_once", "turns"), [(20, 24), (1_000, 0)])
def test_a_bulk_of_500_lets_others_in_after_every_20(
    monkeypatch: pytest.MonkeyPatch, at_once: int, turns: int
) -> None:
    monkeypatch.setattr(answering, "AT_ONCE", at_once)
    others = 0

    async def come_and_go() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    async def both() -> tuple[list[tuple[int, str]], int]:
        other = asyncio.create_task(come_and_go())
        seen = [one async for one in answering.in_turns(["order"] * 500)]
        let_in = others
        other.cancel()
        return seen, let_in

    seen, let_in = asyncio.run(both())

    assert seen == [(place, "order") for place in range(500)]
    assert let_in == turns


def test_validating_does_all_but_decide(client: Client, db: Database, today: int) -> None:
    promised = send(client, "/v1/promises", order(today), "k-1")
    response = send(client, "/v1/promises:validate", order(today, "1000000"))

    assert response.status_code == 200
    assert response.json()["is_valid"] is True
    assert 0.5 < len(response.content) / len(promised.content) < 2
    problem(send(client, "/v1/promises:validate", order(today, "0")), 422, "invalid_input")
    assert len(service.promises(db)[0]) == 1


# --- looking ---


def test_promises_are_listed_page_by_page_the_latest_first(client: Client, today: int) -> None:
    for number in range(5):
        send(client, "/v1/promises", order(today, "1", ref=f"SO-{number}"), f"k-{number}")

    first = client.get("/v1/promises", params={"limit": 2}).json()
    send(client, "/v1/promises", order(today, "1", ref="SO-new"), "k-new")
    second = client.get("/v1/promises", params={"limit": 2, "after": first["next"]}).json()
    third = client.get("/v1/promises", params={"limit": 2, "after": second["next"]}).json()

    assert [one["ref"] for page in (first, second, third) for one in page["items"]] == [
        f"SO-{n}" for n in (4, 3, 2, 1, 0)
    ]
    assert third["next"] is None
    assert [one["ref"] for one in client.get("/v1/promises", params={"ref": "SO-2"}).json()["items"]] == [
        "SO-2"
    ]
    assert client.get("/v1/promises", params={"customer": "C2"}).json()["items"] == []
    assert len(client.get("/v1/promises", params={"state": "committed"}).json()["items"]) == 6
    problem(client.get("/v1/promises", params={"state": "lost"}), 422, "invalid_input")
    problem(client.get("/v1/promises", params={"limit": 201}), 422, "invalid_input")
    problem(client.get("/v1/promises", params={"after": "rubbish"}), 422, "invalid_input")


def test_why_and_the_decision_and_its_replay(client: Client, today: int) -> None:
    made = send(client, "/v1/promises", order(today), "k-1").json()

    why = client.get(f"/v1/promises/{made['promise']}/why").json()
    decision = client.get(f"/v1/decisions/{made['id']}").json()
    replay = client.post(f"/v1/decisions/{made['id']}:replay").json()

    assert why == decision == made
    assert replay["is_same"] is True
    assert replay["digest"] == replay["stored_digest"]
    problem(client.get("/v1/decisions/dec_nothing"), 404, "not_found")


# --- rights ---

ROUTES: list[tuple[str, str, str | None]] = [
    ("POST", "/v1/promises:ask", "ask"),
    ("POST", "/v1/promises:validate", "ask"),
    ("POST", "/v1/promises", "promise"),
    ("POST", "/v1/promises:bulk", "promise"),
    ("POST", "/v1/promises/prm_x:commit", "promise"),
    ("POST", "/v1/promises/prm_x:hold", "promise"),
    ("POST", "/v1/promises/prm_x:amend", "promise"),
    ("POST", "/v1/promises/prm_x:release", "promise"),
    ("POST", "/v1/promises/prm_x:cancel", "promise"),
    ("GET", "/v1/promises", "ask"),
    ("GET", "/v1/promises/prm_x", "ask"),
    ("GET", "/v1/promises/prm_x/why", "ask"),
    ("GET", "/v1/decisions/dec_x", "ask"),
    ("POST", "/v1/decisions/dec_x:replay", "ask"),
    ("GET", "/v1/quotes", "ask"),
    ("POST", "/v1/quotes", "promise"),
    ("GET", "/v1/approvals", "ask"),
    ("GET", "/v1/approvals/apr_x", "ask"),
    ("POST", "/v1/approvals/apr_x:approve", "promise"),
    ("POST", "/v1/approvals/apr_x:decline", "promise"),
    ("GET", "/v1/items", "ask"),
    ("GET", "/v1/sites", "ask"),
    ("GET", "/v1/customers", "ask"),
    ("GET", "/v1/atp", "ask"),
    ("GET", "/v1/exceptions", "ask"),
    ("GET", "/v1/events", "ask"),
    ("POST", "/v1/supply", "supply"),
    ("POST", "/v1/commitments/com_x:fulfil", "supply"),
    ("POST", "/v1/imports", "supply"),
    ("GET", "/v1/imports", "supply"),
    ("GET", "/v1/imports/imp_x", "supply"),
    ("GET", "/v1/imports/imp_x/rejected", "supply"),
    ("POST", "/v1/imports/imp_x:check", "supply"),
    ("POST", "/v1/imports/imp_x:dry_run", "supply"),
    ("POST", "/v1/imports/imp_x:commit", "admin"),
    ("POST", "/v1/imports/imp_x:undo", "admin"),
    ("GET", "/v1/health", None),
    ("GET", "/v1/openapi.json", None),
]


def test_the_table_of_rights_names_every_route(client: Client) -> None:
    described = client.get("/v1/openapi.json").json()["paths"]

    there = {(method.upper(), path) for path, methods in described.items() for method in methods}
    named = {(method, re.sub(r"(prm|dec|com|apr|imp)_x", "{id}", path)) for method, path, _ in ROUTES}
    assert there | {("GET", "/v1/openapi.json")} == named


@pytest.mark.parametrize("scope", ["ask", "promise", "supply", "admin"])
def test_a_key_may_just_what_its_scopes_say(db: Database, today: int, scope: str) -> None:
    key = keys.add(db, scope, [scope])
    rights = {
        "ask": {"ask"},
        "promise": {"ask", "promise"},
        "supply": {"ask", "supply"},
        "admin": {"ask", "promise", "supply", "admin"},
    }

    with TestClient(on(db, rate=0), base_url="http://accord.localhost") as client:
        for method, path, needed in ROUTES:
            nobody = client.request(method, path)
            somebody = client.request(method, path, headers={"Authorization": f"Bearer {key.secret}"})
            if needed is None:
                assert nobody.status_code == somebody.status_code == 200
                continue
            problem(nobody, 401, "unauthorized")
            if needed in rights[scope]:
                assert somebody.status_code not in (401, 403), (method, path)
            else:
                problem(somebody, 403, "scope_missing")
    assert nothing_changed(db)


def test_a_key_that_is_wrong_revoked_or_expired_opens_nothing(
    db: Database, today: int, noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.web.entrance.gate._KEPT_SECONDS", 0)
    good, revoked, expired = (
        keys.add(db, name, ["ask"], days=days) for name, days in (("a", None), ("b", None), ("c", 1))
    )
    keys.revoke(db, "b")
    noon(2 * 86_400)

    with TestClient(on(db, rate=0), base_url="http://accord.localhost") as client:
        for value in (
            f"Bearer {revoked.secret}",
            f"Bearer {expired.secret}",
            "Bearer acc_wrong",
            "Basic YTpi",
            "Bearer ",
        ):
            response = client.get("/v1/items", headers={"Authorization": value})
            problem(response, 401, "unauthorized")
            assert response.headers["www-authenticate"] == 'Bearer realm="accord"'
        assert client.get("/v1/items", headers={"Authorization": f"Bearer {good.secret}"}).status_code == 200


def test_every_refusal_has_a_page(client: Client) -> None:
    for refusal in Refusal:
        assert client.get(f"/problems/{refusal.value}").status_code == 200
    problem(client.get("/problems/nothing"), 404, "not_found")


def test_answers_are_plain_json_whatever_a_name_holds(client: Client, today: int) -> None:
    body = order(today, ref="</script><b>& \u2028 é 日本 \U0001f600")

    made = send(client, "/v1/promises", body, "k-1")

    assert made.status_code == 201
    assert (
        msgspec.json.decode(client.get(f"/v1/promises/{made.json()['promise']}").content)["ref"]
        == body["ref"]
    )


# --- quotes ---


def test_a_price_is_quoted_once_listed_and_takes_nothing(client: Client, db: Database, today: int) -> None:
    body = order(today, "40")
    body["lines"][0]["price"] = {"minor": 1850, "currency": "EUR"}

    first = send(client, "/v1/quotes", body, key="q-1")
    again = send(client, "/v1/quotes", body, key="q-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Location" not in first.headers
    decision = first.json()
    assert (decision["verb"], decision["chosen"], decision["promise"]) == ("quote", 1, None)
    listed = client.get("/v1/quotes").json()
    (one,) = listed["items"]
    assert (one["id"], one["is_valid"], one["decision"]) == (decision["id"], True, decision)
    assert one["price_until"] > one["given_at"]
    assert listed["next"] is None
    assert service.promises(db)[0] == []


def test_a_price_that_cannot_be_quoted_is_refused_with_the_options(client: Client, today: int) -> None:
    found = problem(send(client, "/v1/quotes", order(today, "120"), key="q-2"), 409, "supply_short")

    assert found["options"]
    assert client.get("/v1/quotes").json()["items"] == []
