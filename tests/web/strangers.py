"""A company with one person of each role, things that each of them made, and a door where one says who comes.

Who it is, is put in by the test: what is tried here is what each may do, not how they sign in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import tell

from accord.connect import service as connect
from accord.connect.model import Setup
from accord.db.engine import Database
from accord.db.schema import metadata
from accord.demo import pages as demo
from accord.exceptions.model import Counted
from accord.exceptions.service import supply_changed
from accord.kit.doors import Doors, Reach
from accord.kit.who import Who
from accord.policy import service as policy
from accord.policy.model import Actor, Answer, Right, Rights
from accord.policy.model import Verb as Do
from accord.promise import service as promises
from accord.promise.model import Line, Request, Verb
from accord.web.access import admission, authority
from accord.web.access.admission import Admission
from accord.web.server.app import on

HOST = "http://accord.localhost"
Client = TestClient[Any]

MATE, OTHER = "a mate", "somebody of another team"
EVERYBODY = "Everybody"  # an account with every role, where one signs in
PEOPLE = {
    role: Who(actor=f"the {role}", roles=(role,), team="north", team_mates=frozenset({MATE}))
    for role in authority.ROLES
}
# Beside what the person made: what a mate made, what somebody else made, and what is not there.
WHOSE = ("own", "team", "other", "none such")

# What nobody changed by: who was here, and what runs by itself.
_NOT_COUNTED = {"job", "session"}

_DEMOS = replace(demo.EXTRAS, front="")  # the routes that only a demo has, too

REFUSED = {"not_your_role", "not_yours", "scope_missing", "unauthorized"}

_ASKED = 60
RIGHTS = Rights(
    rights=(
        Right(id="all-hold", role="anyone", verbs=(Do.hold,), then=Answer.allow),
        Right(id="all-commit", role="anyone", verbs=(Do.commit, Do.amend), then=Answer.allow, quantity_max=50),
        Right(id="all-end", role="anyone", verbs=(Do.release, Do.cancel), then=Answer.allow),
        Right(id="all-more", role="anyone", then=Answer.ask, ask="boss"),
        Right(id="boss", role="boss", then=Answer.allow),
    ),
    actors=(Actor(id=EVERYBODY, roles=("anyone",)),),
    everybody_else="anyone",
)  # fmt: skip


def digest_of(db: Database) -> str:
    """Of everything that is kept, but who was here and what runs by itself."""
    found = sha256()
    with db.read() as tx:
        for table in sorted(metadata.tables):
            if table not in _NOT_COUNTED:
                # Every row, in an order that does not depend on when it was written.
                rows = sorted(repr(row) for row in tx.rows(f"SELECT * FROM {table}"))
                found.update(f"{table}\n{chr(10).join(rows)}\n".encode())
    return found.hexdigest()


class World:
    """The company, and whoever comes in."""

    def __init__(self, db: Database, client: Client, today: int) -> None:
        self.db, self.client, self.today = db, client, today
        self.who: Who | None = None
        self.doors: Doors | None = None  # instead of those that the table gives
        self._number = 0

    def next_key(self) -> str:
        self._number += 1
        return f"key-{self._number}"

    # --- what somebody made ---

    def promise(self, owner: str, verb: Verb = Verb.hold, quantity: int = 1, **terms: Any) -> Any:
        line = Line(item="X-100", quantity=quantity, requested_on=self.today + 3, price_minor=2_000)
        wanted = Request(id=self.next_key(), verb=verb, customer="C1", lines=(line,), **terms)
        decision = promises.promise_one(self.db, wanted, actor=owner)
        assert decision.promise, decision.sentence
        return decision

    def approval(self, owner: str) -> Any:
        decision = self.promise(owner, Verb.commit, _ASKED, asks_approval=True)
        assert decision.approval, decision.sentence
        return decision

    def imported(self, owner: str) -> str:
        files = {"items.csv": f"id,cost\nP-{self._number},5\n".encode()}
        run, _ = connect.put_files(self.db, files, Setup(), source=None, actor=owner, key=self.next_key())
        return run.id

    def made(self, kind: str, owner: str, operation: str) -> str:
        """The id of something of this kind that `owner` made, in a state in which the operation can be done."""
        if kind == "import":
            return self.imported(owner)
        if kind == "approval":
            return str(self.approval(owner).approval)
        verb = Verb.commit if operation == "promise.cancel" else Verb.hold
        decision = self.promise(owner, verb)
        return str(decision.id if kind == "decision" else decision.promise)

    # --- who comes ---

    def send(self, who: Who | None, method: str, path: str, **given: Any) -> Any:
        self.who = who
        headers = {
            "Idempotency-Key": self.next_key(),
            "Accept": "application/json",
            **given.pop("headers", {}),
        }
        return self.client.request(method, path, headers=headers, follow_redirects=False, **given)


@contextmanager
def opened(
    db: Database, monkeypatch: pytest.MonkeyPatch, *, is_open: bool = True, is_told: bool = True
) -> Iterator[World]:
    """The company, served to whoever the test says comes; not `is_told`: to whoever the server takes him for."""
    today = tell(db)
    policy.put(db, [RIGHTS], actor="boss", id="rights")
    supply_changed(
        db, [Counted(item="X-100", site="Halden", quantity=1_000_000, as_of=2)], actor="erp", id="much"
    )
    real: Callable[..., Any] = Admission.handle
    world: list[World] = []

    async def handle(self: Admission, scope: Any, receive: Any, send: Any, next_app: Any) -> None:
        if scope["type"] == "http":
            who = world[0].who
            scope["state"]["who"] = who
            scope["state"]["actor"] = who.actor if who is not None else "nobody"
        await real(self, scope, receive, send, next_app)

    if is_told:
        monkeypatch.setattr(Admission, "handle", handle)
        real_doors = authority.doors
        monkeypatch.setattr(authority, "doors", lambda who: world[0].doors or real_doors(who))
    with TestClient(on(db, is_open=is_open, rate=0, extras=_DEMOS), base_url=HOST) as client:
        world.append(World(db, client, today))
        yield world[0]


# --- every cell of the table, by the routes that use it ---


class Door:
    """One route with one of its operations."""

    def __init__(self, method: str, path: str, operation: str, kind: str) -> None:
        self.method, self.path, self.operation, self.kind = method, path, operation, kind
        self.row = authority.TABLE[operation]

    def __repr__(self) -> str:
        return f"{self.method} {self.path} as {self.operation}"

    def is_same_route(self, other: Door) -> bool:
        """Whether it is the same route, with the same or another of its operations."""
        return (self.method, self.path) == (other.method, other.path)

    @property
    def is_write(self) -> bool:
        return self.method not in ("GET", "HEAD")

    @property
    def is_about_one(self) -> bool:
        return bool(self.kind) and "{id" in self.path

    def address(self, id: str = "x") -> str:
        """Where it is found; what else stands in its address is some name."""
        path = self.path.replace("{id:str}", id).replace("/:", ":")
        return re.sub(r"\{[^}]*\}", lambda part: "1" if part[0].endswith(":int}") else "x", path)


def doors_of(app: Any) -> list[Door]:
    """Every route that is not for anybody, once for each of its operations."""
    found = []
    for path, handler in admission.handlers(app):
        for operation in admission.operations_of(handler):
            if not authority.TABLE[operation].is_public:
                kind = admission.kind_of(handler, operation)
                found += [
                    Door(method, path, operation, kind) for method in sorted(handler.http_methods) if method != "HEAD"
                ]  # fmt: skip
    return sorted(found, key=repr)


def expected(reach: Reach, whose: str) -> bool:
    """Whether this far a reach covers that."""
    return {
        "own": reach >= Reach.own,
        "team": reach >= Reach.team,
        "other": reach >= Reach.all,
        "none such": reach >= Reach.own,
    }[whose]
