"""How far is the story told, and what comes next, on which screen?

A step is done when the ledger says so, however it came about; nothing is checked off by a click.
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from accord.db.engine import Database
from accord.demo import story
from accord.demo.people import ANNA, BRUNO, MIA, PEOPLE
from accord.demo.story import CUSTOMER, ITEM, ON_TIME, PRICE_BELOW_FLOOR_MINOR, PRICE_MINOR, QUANTITY
from accord.kit.days import Day, date_of, iso
from accord.policy import service as policy
from accord.promise import service as promises
from accord.promise.model import Approval, ApprovalState
from accord.promise.service.reads import Seen
from accord.web.access.authority import SELLER


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do."""

    title: str
    words: str  # what to do and what to look for
    who: str  # as whom
    href: str  # on which screen
    act: str  # what the button says
    is_done: bool
    said: str = ""  # what became of it


def steps(db: Database, today: Day) -> list[Step]:
    """The story so far, in its order."""
    on = story.dates(today).asked_on
    held = next(
        reversed(_promises(db, [ANNA], customer=CUSTOMER)), None
    )  # the first: more may have come after
    other = _after(db, held)
    asked = _asked(db)
    agreed = next((one for one in asked if one.state is ApprovalState.approved), None)
    waiting = next((one for one in asked if one.state is ApprovalState.pending), None)
    friday = f"{date_of(on):%A, %d %B}".replace(" 0", " ")
    theirs = _customer_of(db, BRUNO)
    return [
        Step(
            title="Ask, and hold what there is",
            words=f"Northwind wants {QUANTITY} {ITEM} by {friday} at {_price(PRICE_MINOR)}. Ask, look at the options, and hold the first.",
            who=ANNA,
            href=_ask(f"{QUANTITY} {ITEM} by {iso(on)} for {CUSTOMER} at {_price(PRICE_MINOR)}"),
            act="Ask for Northwind",
            is_done=held is not None,
        ),
        Step(
            title="Want the same pumps a moment later",
            words=f"{BRUNO} asks for {ON_TIME} of them for {theirs}, for the same day. They are kept, so he gets another answer; hold one that he gets.",
            who=BRUNO,
            href=_ask(f"{ON_TIME} {ITEM} by {iso(on)} for {theirs} at {_price(PRICE_MINOR)}"),
            act=f"Ask as {BRUNO}",
            is_done=other is not None,
        ),
        Step(
            title="Ask below the floor",
            words=f"Northwind presses: {_price(PRICE_BELOW_FLOOR_MINOR)}. At what copper costs today that needs a word from above. Choose an option and ask for approval.",
            who=ANNA,
            href=_ask(f"{QUANTITY} {ITEM} by {iso(on)} for {CUSTOMER} at {_price(PRICE_BELOW_FLOOR_MINOR)}"),
            act="Ask at the lower price",
            is_done=bool(asked),
        ),
        Step(
            title="Agree, on one screen",
            words=f"{MIA} sees which rule it exceeds and what it earns. One press decides, and the promise is made at that moment.",
            who=MIA,
            href=f"/approvals/{waiting.id}" if waiting is not None else "/approvals",
            act=f"Decide as {MIA}",
            is_done=agreed is not None,
        ),
    ]


def _price(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def _customer_of(db: Database, seller: str) -> str:
    """The highest of a seller's own customers with whom there is something to talk about; else the story's."""
    with db.read() as tx:
        customers = policy.book(tx).customers
    fits = [
        (one.tier, one.id)
        for one in customers.values()
        if one.seller == seller and one.may_split and one.may_substitute and not one.ship_complete
    ]
    return min(fits, default=("", CUSTOMER))[1]


def _ask(line: str) -> str:
    return f"/?q={quote(line)}"


def _promises(db: Database, actors: list[str], *, customer: str | None = None) -> list[Seen]:
    """What these promised of the story's item, the latest first."""
    return promises.promises(db, item=ITEM, actors=actors, customer=customer, limit=20)[0]


def _after(db: Database, first: Seen | None) -> Seen | None:
    """What another seller got of the same item after that."""
    if first is None:
        return None
    others = [one.name for one in PEOPLE if one.role == SELLER and one.name != first.promise.actor]
    found = _promises(db, others)
    return next((one for one in found if one.promise.made_at > first.promise.made_at), None)


def _asked(db: Database) -> list[Approval]:
    """What the seller asked to be allowed at the lower price, the latest first."""
    found, _ = promises.approvals(db, actors=[ANNA], limit=20)
    return [
        one
        for one in found
        if any(
            line.item == ITEM and line.price_minor == PRICE_BELOW_FLOOR_MINOR for line in one.request.lines
        )
    ]
