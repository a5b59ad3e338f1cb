"""A small company with decision rights, for the tests of what may be promised by whom."""

from __future__ import annotations

import msgspec
from tests import company

from accord.db.engine import Database
from accord.kit.days import Day
from accord.policy import service as policy
from accord.policy.model import (
    Actor,
    Answer,
    Counted,
    CumulativeLimit,
    Period,
    Right,
    Rights,
    Rules,
    Subject,
    Verb,
)
from accord.promise import service
from accord.promise.model import Decision, Line, Request
from accord.promise.model import Verb as Do

SELLER, MANAGER, DIRECTOR = "seller", "sales manager", "director"

RIGHTS = Rights(
    rights=(
        Right(id="seller-hold", role=SELLER, verbs=(Verb.hold,), then=Answer.allow, quantity_max=60, hold_seconds_max=48 * 3600),
        Right(id="seller-commit", role=SELLER, verbs=(Verb.commit, Verb.amend), then=Answer.allow, quantity_max=50,
              value_minor_max=100_000, days_late_max=7, margin_bp_min=1_000),
        Right(id="seller-end", role=SELLER, verbs=(Verb.release, Verb.cancel), then=Answer.allow),
        Right(id="seller-more", role=SELLER, then=Answer.ask, ask=MANAGER, below_floor=True, borrow=True),
        Right(id="manager", role=MANAGER, then=Answer.allow, quantity_max=90, below_floor=True),
        Right(id="manager-more", role=MANAGER, then=Answer.ask, ask=DIRECTOR, below_floor=True, borrow=True),
        Right(id="director", role=DIRECTOR, then=Answer.allow, below_floor=True, borrow=True),
    ),
    limits=(
        CumulativeLimit(id="seller-day", role=SELLER, of=Counted.quantity, over=Subject.customer, period=Period.day,
                        most=70, then=Answer.ask, ask=MANAGER),
    ),
    actors=(
        Actor(id="sam", roles=(SELLER,), team="north"),
        Actor(id="sue", roles=(SELLER,), team="north"),
        Actor(id="sam at home", roles=(SELLER,), person="sam"),
        Actor(id="sam in charge", roles=(MANAGER,), person="sam"),
        Actor(id="mia", roles=(MANAGER,)),
        Actor(id="max", roles=(MANAGER,)),
        Actor(id="dan", roles=(DIRECTOR,)),
    ),
)  # fmt: skip


def tell(db: Database, rights: Rights = RIGHTS, **rules: int) -> Day:
    """The small company of the doors, with rights: 100 X-100 at Halden at 20.00, never below 15.00, for 12.00."""
    today = company.tell(db)
    policy.put(db, [rights, Rules(**rules)], actor="boss", id="rights")
    return today


class Desk:
    """Somebody asks, in one line."""

    def __init__(self, db: Database, today: Day) -> None:
        self.db = db
        self.today = today
        self._number = 0

    def do(
        self,
        actor: str,
        verb: Do,
        quantity: int = 0,
        *,
        ahead: int = 3,
        price: int | None = None,
        **terms: object,
    ) -> Decision:
        """Ask the service; a quantity makes a line of X-100 for Northwind."""
        self._number += 1
        lines = (Line(item="X-100", quantity=quantity, requested_on=self.today + ahead, price_minor=price),)
        request = Request(id=f"r{self._number}", verb=verb, **terms)  # type: ignore[arg-type]
        if quantity:
            request = msgspec.structs.replace(request, lines=lines, customer=terms.get("customer", "C1"))
        return service.promise_one(self.db, request, actor=actor)
