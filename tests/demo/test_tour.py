"""A visitor of the demo sits at anybody's desk by one press, and is told what to do next; no other server lets anybody in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import msgspec
import pytest
from litestar.testing import TestClient
from tests.web.conftest import HOST
from tests.web.test_server import server

from accord.db.engine import Database, open_database
from accord.demo import people, service, story, tour
from accord.demo.pages import EXTRAS
from accord.demo.people import ANNA, BRUNO, MIA, PEOPLE
from accord.policy import service as policy
from accord.promise import service as promises
from accord.promise.model import Decision, Line, Request, Verb
from accord.web.access.authority import ROLES
from accord.web.people import accounts
from accord.web.server.app import on

Client = TestClient[Any]
BY_THE_DESK = ["/demo", "/demo/role", "/demo/tour"]


@pytest.fixture
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    db = open_database(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}")
    service.load(db)
    people.settle(db)
    yield db
    db.close()


@pytest.fixture
def visitor(demo: Database) -> Iterator[Client]:
    with TestClient(on(demo, is_open=True, rate=0, extras=EXTRAS), base_url=HOST) as client:
        client.headers.update({"Accept": "text/html", "Origin": HOST})
        yield client


def become(client: Client, name: str, after: str = "/") -> Any:
    return client.post("/demo/role", data={"name": name, "next": after})


# --- who there is ---


def test_every_role_has_somebody_and_nobody_has_a_password(demo: Database) -> None:
    people.settle(demo)  # again: nothing is made twice

    found = accounts.listed(demo)
    assert {role for one in found for role in one.roles} == set(ROLES)
    assert sorted(one.name for one in found) == sorted(one.name for one in PEOPLE)
    assert not any(one.has_password for one in found)
    assert {one.role for one in PEOPLE if one.does} == set(ROLES)


def test_whom_the_rights_file_names_counts_as_there_and_everybody_else_by_the_account(demo: Database) -> None:
    with demo.read() as tx:
        rights = policy.book(tx).rights
    assert rights is not None
    roles = {one.id: one.roles for one in rights.actors}

    assert roles["Anna Lund"] == ("seller",)
    assert roles["Dana Holt"] == ("director",)  # the account says executive
    assert roles["Ola Nes"] == ("administrator",)  # the file says nothing


# --- one press ---


def test_the_first_page_offers_desks_and_one_press_sits_down(visitor: Client) -> None:
    first = visitor.get("/")

    assert str(first.url) == f"{HOST}/demo"
    for one in PEOPLE:
        assert (f'value="{one.name}"' in first.text) == bool(one.does)
    entered = become(visitor, ANNA)
    assert str(entered.url) == f"{HOST}/"
    assert "Anna Lund" in entered.text
    assert "Tour, 1 of 4" in entered.text


def test_who_signs_out_finds_the_way_back_to_the_desks(visitor: Client) -> None:
    become(visitor, ANNA)

    out = visitor.post("/sign-out")

    assert str(out.url) == f"{HOST}/sign-in"
    assert '<a href="/">Choose a desk</a>' in out.text
    assert str(visitor.get("/").url) == f"{HOST}/demo"


def test_one_changes_desks_by_one_press_and_the_one_before_is_empty(visitor: Client) -> None:
    become(visitor, ANNA)
    before = visitor.cookies.get("accord_80")
    manager = become(visitor, MIA, "/approvals")

    assert str(manager.url) == f"{HOST}/approvals"
    assert visitor.get("/audit").status_code == 403
    assert visitor.cookies.get("accord_80") != before
    visitor.cookies.set("accord_80", before or "", domain="accord.localhost", path="/")
    assert str(visitor.get("/").url) == f"{HOST}/demo"


@pytest.mark.parametrize(
    ("name", "after", "status"),
    [("Nobody Here", "/", 404), (ANNA, "//evil.example", 200), (ANNA, "https://evil.example", 200)],
)
def test_a_desk_that_is_not_there_and_ways_elsewhere_lead_nowhere(
    visitor: Client, name: str, after: str, status: int
) -> None:
    answer = become(visitor, name, after)

    assert answer.status_code == status
    assert answer.url.host == "accord.localhost"


def test_a_page_from_elsewhere_puts_nobody_at_a_desk(visitor: Client) -> None:
    answer = visitor.post("/demo/role", data={"name": ANNA}, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert visitor.cookies.get("accord_80") is None


# --- the tour ---


def done(db: Database) -> list[bool]:
    today = service.today(db)
    assert today is not None
    return [step.is_done for step in tour.steps(db, today)]


def ask(db: Database, actor: str, verb: Verb, *, price_minor: int = 1_850, **more: Any) -> Decision:
    today = service.today(db)
    assert today is not None
    line = Line(
        item=story.ITEM,
        quantity=more.pop("quantity", story.QUANTITY),
        requested_on=story.dates(today).asked_on,
        price_minor=price_minor,
    )
    customer = more.pop("customer", story.CUSTOMER)
    looked = Request(id="look", verb=Verb.ask, customer=customer, lines=(line,))
    first = promises.ask(db, looked, actor=actor)
    wanted = msgspec.structs.replace(
        looked, id=f"{actor}-{verb}-{price_minor}", verb=verb, option=first.options[0].id, digest=first.digest, **more
    )  # fmt: skip
    (answer,) = promises.promise(db, [wanted], actor=actor)
    assert isinstance(answer, Decision)
    return answer


def test_steps_are_done_when_the_ledger_says_so(demo: Database, visitor: Client) -> None:
    become(visitor, ANNA)
    for path in (step.href for step in tour.steps(demo, service.today(demo) or 0)):
        visitor.get(path)  # looking is not doing
    assert done(demo) == [False] * 4
    ask(demo, BRUNO, Verb.hold, quantity=10)
    assert done(demo) == [False] * 4  # it must come after what it meets

    ask(demo, ANNA, Verb.hold)
    assert done(demo) == [True, False, False, False]
    assert "Tour, 2 of 4" in visitor.get("/").text
    ask(demo, BRUNO, Verb.commit, quantity=story.ON_TIME)
    assert done(demo) == [True, True, False, False]
    asked = ask(demo, ANNA, Verb.commit, price_minor=story.PRICE_BELOW_FLOOR_MINOR, asks_approval=True)
    assert done(demo) == [True, True, True, False]

    become(visitor, MIA)
    (waiting,) = promises.approvals(demo, pending_only=True)[0]
    assert waiting.decision == asked.id
    assert f'href="/approvals/{waiting.id}"' in visitor.get("/").text
    visitor.post(f"/approvals/{waiting.id}", data={"verb": "approve", "key": "once"})

    assert done(demo) == [True] * 4
    assert "That is the story so far" in visitor.get("/").text


def test_a_tour_that_is_skipped_stays_away_at_every_desk_until_it_is_wanted(visitor: Client) -> None:
    become(visitor, ANNA)
    visitor.post("/demo/tour", data={"verb": "skip"})

    assert "Tour, 1 of 4" not in visitor.get("/").text
    assert "Tour, 1 of 4" not in become(visitor, MIA, "/promises").text
    visitor.post("/demo/tour", data={"verb": "show"})
    assert "Tour, 1 of 4" in visitor.get("/promises").text


# --- and nowhere else ---


def test_no_other_server_has_any_of_it(demo: Database) -> None:
    for is_open in (True, False):
        with TestClient(on(demo, is_open=is_open, rate=0), base_url=HOST) as client:
            client.headers.update({"Accept": "text/html", "Origin": HOST})
            found = [client.post(path, data={"name": ANNA}).status_code for path in BY_THE_DESK]
            text = client.get("/").text

        assert found == [404] * 3
        assert "Tour" not in text
        assert "Halden Pumps" not in text


@pytest.mark.parametrize("argv", [(), ("--open",)])
def test_a_server_that_runs_on_the_demo_itself_lets_nobody_sit_down(
    demo: Database, argv: tuple[str, ...]
) -> None:
    with server(demo.url, *argv) as address, httpx2.Client(base_url=address) as client:
        found = [
            client.request(method, path, data={"name": ANNA, "next": "/", "verb": "show"}).status_code
            for path in BY_THE_DESK
            for method in ("GET", "POST")
        ]

        assert found == [404] * 6
        assert client.cookies.get(f"accord_{client.base_url.port}") is None
