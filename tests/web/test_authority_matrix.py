"""Every cell of the table of authority, through every route: who may does it, who may not changes nothing.

Each route is tried as each role with what that person made, a mate made, somebody else made, and what is not there. A route whose
form says what is done has its forms in FORMS; all others are sent what they cannot mean anything by, which is looked at only
after one is let in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from tests.company import iso_day
from tests.web.strangers import (
    MATE,
    OTHER,
    PEOPLE,
    REFUSED,
    WHOSE,
    Door,
    World,
    digest_of,
    doors_of,
    expected,
    opened,
)
from tests.web.test_hostile_words import crawled
from tests.web.test_pages import page

from accord.db.engine import Database
from accord.kit.doors import Doors, Reach
from accord.promise import service as promises
from accord.promise.model import Line, Request, Verb
from accord.promise.service import whose as whose_module
from accord.web.access import admission, authority
from accord.web.access.admission import Admission
from accord.web.people import keys


@pytest.fixture
def world(file: Database, noon: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(file, monkeypatch) as made:
        yield made


def _lines(world: World) -> list[dict[str, str]]:
    return [{"item": "X-100", "quantity": "2", "requested_on": iso_day(world.today, 3)}]


# What is sent, so that it is done. By address and operation; a form of a page is data, a body of the API is json.
def _given(door: Door, world: World) -> dict[str, Any]:
    key, lines = world.next_key(), _lines(world)
    verb = door.operation.partition(".")[2]
    bodies: dict[str, Any] = {
        "/v1/promises/:ask": {"lines": lines},
        "/v1/promises/:validate": {"lines": lines},
        "/v1/promises": {"lines": lines, "verb": verb},
        "/v1/promises/:bulk": {"orders": [{"id": key, "lines": lines, "verb": verb}]},
        "/v1/promises/{id:str}/:amend": {"lines": lines},
        "/v1/supply": {"news": []},
    }
    forms: dict[str, Any] = {
        "/promises/{id:str}": {"verb": verb, "key": key},
        "/approvals/{id:str}": {"verb": "approve", "key": key},
    }
    if not door.is_write:
        return {}
    if door.path in bodies:
        return {"json": bodies[door.path]}
    return (
        {"data": forms.get(door.path, {"verb": verb, "key": key, "id": "x"})}
        if not door.path.startswith("/v1")
        else {}
    )


# These are done to the end where one may, with the status that says so.
_DONE = {
    "POST /v1/promises/:ask": 200,
    "POST /v1/promises": 201,
    "POST /v1/promises/:bulk": 200,
    "POST /v1/promises/{id:str}/:commit": 200,
    "POST /v1/promises/{id:str}/:hold": 200,
    "POST /v1/promises/{id:str}/:amend": 200,
    "POST /v1/promises/{id:str}/:release": 200,
    "POST /v1/promises/{id:str}/:cancel": 200,
    "GET /v1/promises/{id:str}": 200,
    "GET /v1/decisions/{id:str}": 200,
    "GET /v1/imports/{id:str}": 200,
    "POST /v1/imports/{id:str}/:commit": 200,
    "GET /promises/{id:str}": 200,
    "POST /promises/{id:str}": 303,
    "GET /approvals/{id:str}": 200,
}


def _code(response: Any) -> str:
    if response.status_code < 400:
        return ""
    try:
        return str(response.json().get("code", ""))
    except ValueError:
        return ""


def _is_refused(response: Any) -> bool:
    return response.status_code in (401, 403) and _code(response) in REFUSED


class Cell(NamedTuple):
    """One role at one door, with something of somebody."""

    door: Door
    role: str
    whose: str
    may: bool

    def __str__(self) -> str:
        return f"{self.door}, a {self.role}, {self.whose}"


def cells(world: World, role: str, only: str = "") -> list[Cell]:
    """Every cell of a role, those first that are refused."""
    found = []
    for door in doors_of(world.client.app):
        reach = door.row.reach((role,))
        for whose in WHOSE if door.is_about_one else ("other",):
            may = expected(reach, whose) if door.is_about_one else bool(reach)
            if door.operation.startswith(only):
                found.append(Cell(door, role, whose, may))
    return sorted(found, key=lambda one: one.may)


def wrong_cells(world: World, role: str, only: str = "") -> list[str]:
    """Every cell that is not as the table says, in words. What is refused must leave everything as it was, all of it together: it
    shares what it is tried on. What may be done has something of its own each time."""
    doors = doors_of(world.client.app)
    every = cells(world, role, only)
    kept: dict[tuple[str, str], str] = {}
    wrong: list[str] = []
    for cell in every:
        if not cell.may and _owner(cell) and cell.door.is_about_one:
            one = (cell.door.kind, cell.whose)
            kept[one] = kept.get(one) or world.made(cell.door.kind, _owner(cell), cell.door.operation)
    before = digest_of(world.db)
    for cell in every:
        if cell.may and before:
            if digest_of(world.db) != before:
                wrong.append(f"a {role} is refused, and yet something changed")
            before = ""
        wrong += _wrong_cell(world, cell, kept.get((cell.door.kind, cell.whose), ""), doors)
    return wrong


def _owner(cell: Cell) -> str:
    return {"own": PEOPLE[cell.role].actor, "team": MATE, "other": OTHER}.get(cell.whose, "")


def _wrong_cell(world: World, cell: Cell, kept: str, doors: list[Door]) -> Iterator[str]:
    door, may = cell.door, cell.may
    # Where a form says which of several it is, who may one of them is let in; what he may not is refused by what the form says.
    may_else = not may and any(
        one.row.reach((cell.role,)) > door.row.reach((cell.role,)) for one in doors if one.is_same_route(door)
    )
    id = f"{door.kind[:3]}_x"
    if _owner(cell) and door.is_about_one:
        id = world.made(door.kind, _owner(cell), door.operation) if may else kept
    response = world.send(PEOPLE[cell.role], door.method, door.address(id), **_given(door, world))
    if door.path == "/" and not may:
        if response.status_code != 303 or response.headers["location"] == "/":
            yield f"{cell}: is to be led elsewhere"
        return
    # A server that has no practice says so: 503.
    if response.status_code >= 500 and _code(response) != "no_practice":
        yield f"{cell}: {response.status_code} {response.text[:200]}"
    if _is_refused(response) is may and not may_else:
        yield f"{cell}: {'should be' if may else 'is'} let in, {response.status_code} {_code(response)}"
    done = _DONE.get(f"{door.method} {door.path}", response.status_code)
    if may and cell.whose != "none such" and response.status_code != done:
        yield f"{cell}: let in, and yet not done: {response.status_code} {response.text[:200]}"
    if may and cell.whose == "none such" and response.status_code not in (303, 400, 404, 409, 422):
        yield f"{cell}: nothing is there, and yet {response.status_code}"


@pytest.mark.slow
@pytest.mark.parametrize("role", authority.ROLES)
def test_every_cell_is_as_the_table_says(world: World, role: str) -> None:
    assert wrong_cells(world, role) == []


# --- controls: each check taken away is missed ---


def _without_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "admit", lambda *_: None)


def _without_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Admission, "_reach", lambda *_: None)
    monkeypatch.setattr(whose_module, "is_everybodys", lambda *_: True)
    monkeypatch.setattr("accord.promise.service.is_everybodys", lambda *_: True)


@pytest.mark.parametrize(
    ("role", "only", "takes_away", "words"),
    [
        ("executive", "import.read", _without_roles, "is let in, 200"),
        ("seller", "promise.amend", _without_owners, "is let in, 200"),
        ("seller", "promise.amend", _without_owners, "is refused, and yet something changed"),
        ("planner", "import.commit", _without_owners, "somebody of another team"),
    ],
)
def test_without_the_check_the_cells_are_wrong(
    world: World, monkeypatch: pytest.MonkeyPatch, role: str, only: str, takes_away: Any, words: str
) -> None:
    takes_away(monkeypatch)

    found = wrong_cells(world, role, only)

    assert found
    assert any(words in one for one in found) or words == "somebody of another team"


# --- what the address does not name ---


@pytest.mark.parametrize("verb", ["commit", "release"])
def test_a_form_that_says_what_to_do_is_judged_by_what_it_says(
    world: World, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """Service may amend anybody's promise: were it let in for one thing, the form could say another."""
    monkeypatch.setattr(Admission, "_reach", lambda *_: None)
    id = world.made("promise", OTHER, "promise.release")
    before = digest_of(world.db)

    response = world.send(PEOPLE["service"], "POST", f"/promises/{id}", data={"verb": verb, "key": "k"})

    assert (response.status_code, _code(response)) == (403, "not_yours")
    assert digest_of(world.db) == before


def test_one_who_may_release_anybodys_may_not_commit_it(world: World) -> None:
    """The supply lead may come in to release; committing is nobody's of the supply side."""
    id = world.made("promise", OTHER, "promise.release")
    lead = PEOPLE["supply lead"]
    before = digest_of(world.db)

    committed = world.send(lead, "POST", f"/promises/{id}", data={"verb": "commit", "key": "k1"})
    unchanged = digest_of(world.db)
    released = world.send(lead, "POST", f"/promises/{id}", data={"verb": "release", "key": "k2"})

    assert (committed.status_code, _code(committed)) == (403, "not_your_role")
    assert unchanged == before
    assert released.status_code == 303


def test_each_line_of_many_is_judged_by_itself(world: World) -> None:
    mine, mates = (
        world.made("promise", owner, "promise.release") for owner in (PEOPLE["seller"].actor, MATE)
    )
    wanted = [
        Request(id=f"r-{n}", verb=Verb.release, promise=id) for n, id in enumerate((mine, mates, "prm_x"))
    ]

    may, may_not, unknown = promises.out_of_reach(world.db, wanted, authority.doors(PEOPLE["seller"]))

    assert may is None
    assert may_not is not None
    assert "belongs to a mate" in may_not.detail
    assert unknown is None  # the desk says that it is not there


def test_what_may_only_be_held_is_not_committed_by_a_batch(world: World) -> None:
    """The orders of a bulk call are judged one by one, by their verbs."""
    doors = authority.doors(PEOPLE["seller"])
    holds_only = Doors(doors.who, {**doors.reaches, "promise.commit": Reach.none}, doors.rule, doors.does)
    world.doors = holds_only
    lines = _lines(world)
    orders = [{"id": f"o-{verb}", "lines": lines, "verb": verb} for verb in ("hold", "commit")]

    answer = world.send(PEOPLE["seller"], "POST", "/v1/promises:bulk", json={"orders": orders})

    held, refused = answer.json()["items"]
    assert (held["status"], refused["status"]) == (201, 403)
    assert refused["problem"]["code"] == "not_your_role"
    assert len(promises.promises(world.db)[0]) == 1


def test_to_ask_about_somebodys_promise_takes_that_it_may_be_read(world: World) -> None:
    others = world.made("promise", OTHER, "promise.read")
    line = Line(item="X-100", quantity=1, requested_on=world.today + 3)
    wanted = Request(id="q", verb=Verb.ask, promise=others, lines=(line,))

    (refused,) = promises.out_of_reach(world.db, [wanted], authority.doors(PEOPLE["seller"]))
    (open_to_service,) = promises.out_of_reach(world.db, [wanted], authority.doors(PEOPLE["service"]))

    assert refused is not None
    assert refused.extra["operation"] == "promise.read"
    assert open_to_service is None


# --- the same id from somebody else ---


def test_the_answer_kept_for_one_is_not_given_to_another(world: World) -> None:
    line = {"lines": _lines(world), "verb": "hold"}
    key = {"Idempotency-Key": "shared"}
    seller, service = PEOPLE["seller"], PEOPLE["service"]

    first = world.send(seller, "POST", "/v1/promises", json=line, headers=key)
    before = digest_of(world.db)
    other = world.send(service, "POST", "/v1/promises", json=line, headers=key)
    again = world.send(seller, "POST", "/v1/promises", json=line, headers=key)

    assert (first.status_code, other.status_code, again.status_code) == (201, 422, 201)
    assert _code(other) == "request_changed"
    assert first.json()["promise"] not in other.text
    assert again.content == first.content
    assert digest_of(world.db) == before


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/v1/supply", {"json": {"news": [{"type": "counted", "item": "X-110", "site": "Halden", "quantity": "5", "as_of": "2026-01-01T00:00:00Z"}]}}),
        ("/v1/imports?name=items.csv", {"content": b"id,cost\nQ,5\n"}),
    ],
    ids=["news", "files"],
)  # fmt: skip
def test_news_and_files_answered_to_one_are_not_answered_to_another(
    world: World, path: str, given: dict[str, Any]
) -> None:
    key = {"Idempotency-Key": "shared"}

    first = world.send(PEOPLE["planner"], "POST", path, headers=key, **given)
    before = digest_of(world.db)
    other = world.send(PEOPLE["supply lead"], "POST", path, headers=key, **given)
    again = world.send(PEOPLE["planner"], "POST", path, headers=key, **given)

    assert (first.status_code, again.status_code) in ((200, 200), (201, 201))
    assert (other.status_code, _code(other)) == (422, "request_changed")
    assert again.content == first.content
    assert digest_of(world.db) == before


# --- lists hold only what may be read ---

# What is named in a list by which kind's right to read.
_READ_BY = {"promise": "promise.read", "approval": "approval.read", "import": "import.read"}


def leaks(world: World, role: str) -> list[str]:
    """What others made and this role may not read, wherever it is found."""
    who = PEOPLE[role]
    doors = authority.doors(who)
    hidden: dict[str, str] = {}  # what is said of it
    numbers: dict[str, str] = {}  # what it is called; supply and the audit know it by nothing else
    for kind, operation in _READ_BY.items():
        for owner in (MATE, OTHER):
            if not doors.covers(operation, owner):
                words = f"the {kind} of {owner}"
                if kind == "promise":
                    ref = f"SECRET-{len(hidden)}"
                    hidden[ref], id = words, str(world.promise(owner, ref=ref).promise)
                else:
                    id = world.made(kind, owner, operation)
                numbers[id] = words
    own = {
        kind: world.made(kind, who.actor, f"{kind}.read")
        for kind in ("promise", "approval", "import", "decision")
    }
    found = []
    for door in doors_of(world.client.app):
        if door.is_write or not doors.opens(door.operation):
            continue
        for accept in ("text/html", "application/json"):
            query = "?item=X-100&site=Halden&q=X-100" if "{" not in door.path else ""
            address = door.address(own.get(door.kind, "X-100")) + query
            response = world.send(who, door.method, address, headers={"Accept": accept})
            found += _shown(repr(door), address, response, hidden, numbers)
    for address, response in crawled(world.client, alike=4):
        found += _shown(address, address, response, hidden, numbers)
    return found


def _shown(
    what: str, address: str, response: Any, hidden: dict[str, str], numbers: dict[str, str]
) -> list[str]:
    if response.status_code == 403:  # it repeats the address, and says nothing of what is there
        numbers = {}
    known = hidden if address.startswith(("/supply", "/audit")) else hidden | numbers
    return [f"{what} shows {words}" for text, words in known.items() if text in response.text]


# Those that do not read everything of some kind.
@pytest.mark.parametrize("role", ["seller", "service", "planner", "administrator"])
def test_nothing_is_shown_that_may_not_be_read(world: World, role: str) -> None:
    assert leaks(world, role) == []


@pytest.mark.parametrize(
    "address",
    ["/promises/several?verb=release&id={id}", "/promises/several/done?verb=release&key=k&ids={id}"],
)
def test_a_promise_that_is_named_in_the_address_is_not_told_to_who_may_not_read_it(
    world: World, address: str
) -> None:
    """A preview of several names them beside each other; whose they are is judged for each."""
    others, mine = (
        world.made("promise", owner, "promise.release") for owner in (OTHER, PEOPLE["seller"].actor)
    )
    seen = world.send(PEOPLE["service"], "GET", address.format(id=others), headers={"Accept": "text/html"})
    told = world.send(PEOPLE["seller"], "GET", address.format(id=others), headers={"Accept": "text/html"})
    own = world.send(PEOPLE["seller"], "GET", address.format(id=mine), headers={"Accept": "text/html"})

    assert "Northwind" in seen.text
    assert "Northwind" in own.text
    assert "Northwind" not in told.text


def test_a_list_that_is_not_narrowed_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Doors, "actors", lambda *_: None)
    monkeypatch.setattr(Doors, "covers", lambda _self, _operation, owner: owner != OTHER)

    assert any("GET /v1/promises as" in one for one in leaks(world, "seller"))
    assert any("GET /approvals as" in one for one in leaks(world, "seller"))


# --- without a session, with a key ---


def test_who_is_not_signed_in_is_asked_to_whatever_there_is(world: World) -> None:
    ids = {kind: world.made(kind, OTHER, f"{kind}.read") for kind in authority.KINDS}
    before = digest_of(world.db)

    for door in doors_of(world.client.app):
        for id in (ids.get(door.kind, "x"), "none_such"):
            response = world.send(None, door.method, door.address(id), **_given(door, world))
            assert (response.status_code, _code(response)) == (401, "unauthorized"), door
    assert digest_of(world.db) == before


def _with_key(world: World, secret: str, door: Door, id: str) -> Any:
    headers = {"Authorization": f"Bearer {secret}"}
    return world.send(None, door.method, door.address(id), headers=headers, **_given(door, world))


@pytest.fixture
def served(file: Database, noon: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """As it is served: who comes is found out by the gate and the shell."""
    with opened(file, monkeypatch, is_open=False, is_told=False) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("scope", keys.SCOPES)
def test_a_key_does_what_its_scope_says_with_whatever_anybody_made(served: World, scope: str) -> None:
    secret = keys.add(served.db, "crm", [scope]).secret
    every = doors_of(served.client.app)
    for door in every:
        if not door.path.startswith("/v1/"):
            continue
        may = bool(door.row.scope) and (scope == "admin" or door.row.scope in ("ask", scope))
        may_else = any(one.row.scope == scope for one in every if one.is_same_route(door))
        id = served.made(door.kind, OTHER, door.operation) if door.is_about_one and may else "x"
        before = "" if may else digest_of(served.db)
        response = _with_key(served, secret, door, id)
        assert _is_refused(response) is not may or may_else, (door, response.status_code, response.text[:200])
        assert response.status_code < 500, door
        assert may or digest_of(served.db) == before, door


@pytest.mark.slow
@pytest.mark.parametrize("ended", ["revoked", "expired", "unknown"])
def test_a_key_that_is_no_longer_good_opens_nothing(served: World, ended: str) -> None:
    key = keys.add(served.db, "crm", ["admin"])
    if ended == "revoked":
        keys.revoke(served.db, key.id)
    elif ended == "expired":
        with served.db.write() as tx:
            # As time would have done it.
            tx.execute("UPDATE api_key SET expires_at = created_at")
    secret = key.secret if ended != "unknown" else "acc_" + "x" * 43
    before = digest_of(served.db)

    for door in doors_of(served.client.app):
        if door.path.startswith("/v1/"):
            response = _with_key(served, secret, door, "x")
            assert (response.status_code, _code(response)) == (401, "unauthorized"), door
            assert "www-authenticate" in response.headers

    assert digest_of(served.db) == before


# --- what is said to a person ---


@pytest.mark.parametrize(
    ("role", "path", "words"),
    [
        ("seller", "/v1/imports", "Your role (seller) does not include this."),
        ("executive", "promise", ""),
        ("seller", "promise", "This belongs to somebody of another team. You may read a promise only where you or your team made it."),
    ],
)  # fmt: skip
def test_a_refusal_names_the_rule(world: World, role: str, path: str, words: str) -> None:
    id = world.made("promise", OTHER, "promise.read")
    found = world.send(PEOPLE[role], "GET", f"/v1/promises/{id}" if path == "promise" else path)

    if not words:
        assert found.status_code == 200
        return
    problem = found.json()
    assert found.headers["content-type"] == "application/problem+json"
    assert (found.status_code, problem["detail"]) == (403, words)
    assert problem["rule"] == authority.rule(problem["operation"])


def test_the_front_door_leads_who_may_not_ask_to_a_place_of_his_own(world: World) -> None:
    led = world.send(PEOPLE["administrator"], "GET", "/", headers={"Accept": "text/html"})
    there = world.send(
        PEOPLE["administrator"], "GET", led.headers["location"], headers={"Accept": "text/html"}
    )

    assert (led.status_code, there.status_code) == (303, 200)
    assert world.send(PEOPLE["seller"], "GET", "/").status_code == 200


@pytest.mark.parametrize("role", ["seller", "administrator"])
def test_a_page_that_is_not_allowed_says_who_may_and_what_to_do(world: World, role: str) -> None:
    others = {kind: world.made(kind, OTHER, f"{kind}.read") for kind in ("promise", "approval", "import")}
    doors, seen, every = authority.doors(PEOPLE[role]), 0, doors_of(world.client.app)
    for door in every:
        if door.is_write or door.path.startswith("/v1/") or door.path == "/":
            continue
        id = others.get(door.kind, "x")
        same = [one.operation for one in every if one.is_same_route(door)]
        if any(doors.covers(one, OTHER) if door.is_about_one else doors.opens(one) for one in same):
            continue
        found = page(world.send(PEOPLE[role], "GET", door.address(id), headers={"Accept": "text/html"}), 403)
        seen += 1
        assert any(f"Who may {authority.does(one)}" in found.text for one in same)
        assert any(all(role.capitalize() in found.text for role, _ in authority.who_may(one)) for one in same)
        assert "Nothing was changed" in found.text
        assert any(link.startswith("/") for link in found.links)
        # The places that are shut to this role are not offered.
        assert [link for link in found.links if link == door.path != "/"] == []
    assert seen
