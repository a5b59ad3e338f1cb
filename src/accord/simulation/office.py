"""Who may promise what in a simulated life: sellers with limits, whom they ask, and what they try instead."""

from __future__ import annotations

import msgspec

from accord.kit.errors import AccordError
from accord.policy import service as policies
from accord.policy.model import (
    Actor,
    Answer,
    Counted,
    CumulativeLimit,
    Period,
    Price,
    Right,
    Rights,
    Subject,
)
from accord.promise import service as promising
from accord.promise.model import Decision, Line, Request, Verb
from accord.simulation import world
from accord.simulation.life import ACTOR, ZONES, Life

SELLER, HEAD, FREE = "seller", "head", "free"
SAM, SAM_IN_CHARGE, HANNA = "sam", "sam in charge", "hanna"
WEEK_MAX = 24  # pieces a customer and week on a seller's word
FLOOR_MINOR = 700

RIGHTS = Rights(
    rights=(
        Right(id="free", role=FREE, then=Answer.allow, inside_fence=True, borrow=True, below_floor=True),
        Right(id="seller", role=SELLER, then=Answer.allow, quantity_max=12),
        Right(id="seller-more", role=SELLER, then=Answer.ask, ask=HEAD, borrow=True, below_floor=True),
        Right(id="head", role=HEAD, then=Answer.allow, inside_fence=True, borrow=True, below_floor=True),
    ),
    limits=(
        CumulativeLimit(
            id="week", role=SELLER, of=Counted.quantity, over=Subject.customer, period=Period.week, most=WEEK_MAX,
            then=Answer.ask, ask=HEAD,
        ),
    ),
    actors=(
        Actor(id=ACTOR, roles=(FREE,)),
        Actor(id=SAM, roles=(SELLER,)),
        Actor(id=SAM_IN_CHARGE, roles=(HEAD,), person=SAM),
        Actor(id=HANNA, roles=(HEAD,)),
    ),
)  # fmt: skip


def prices(hot: bool) -> list[Price]:
    """What traded goods cost the customer, and the least that may be taken for them."""
    return [
        Price(id=item, item=item, list_minor=1_000, floor_minor=FLOOR_MINOR)
        for item in (family.item("t") for family in world.families(hot))
    ]


class Office:
    """A seller, the head of sales, and what they do."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.pending: list[Decision] = []  # approvals that were asked for
        self.settled: list[str] = []  # approvals given or declined since the auditor looked
        self.sold: list[str] = []  # what the seller promised since the auditor looked
        self._sold: list[str] = []

    def begin(self) -> None:
        """Who may what."""
        policies.put(self.life.db, [RIGHTS], actor=ACTOR, id="sim-rights")

    def sell(self) -> None:
        """The seller promises in small pieces, as one does who would get past a limit."""
        chance = self.life.chance
        request = self._request(chance.choice((Verb.hold, Verb.commit)), chance.randint(1, 12))
        decision = self._do(request, SAM)
        if decision is not None and decision.promise is not None:
            self._sold = [*self._sold[-30:], decision.promise]
            self.sold.append(decision.promise)

    def ask_approval(self) -> None:
        """More than he may, or below the floor: he asks."""
        chance = self.life.chance
        price = chance.choice((None, None, FLOOR_MINOR - 50))
        request = self._request(chance.choice((Verb.hold, Verb.commit)), chance.randint(6, 25), price=price)
        decision = self._do(msgspec.structs.replace(request, asks_approval=True), SAM)
        if decision is not None and decision.approval is not None:
            self.pending = [*self.pending[-5:], decision]
            chance.choice((self.approve_own, self.approve, self.approve, self.life.commit, self.decline))()

    def approve(self) -> None:
        """The head of sales lets it happen, in time, too late, or after it was changed."""
        asked = self._pending()
        if asked is None:
            return
        chance, life = self.life.chance, self.life
        what = chance.choice(("in time", "in time", "too late", "too late", "changed"))
        if what == "too late":
            life.clock.advance(world.RULES.approval_seconds + 1)
        if what == "changed" and asked.promise is not None:
            line = msgspec.structs.replace(asked.request.lines[0], quantity=1)
            self._do(Request(id=life.next_id(), verb=Verb.amend, promise=asked.promise, lines=(line,)), ACTOR)
        given = self._do(Request(id=life.next_id(), verb=Verb.approve, approval=asked.approval), HANNA)
        if given is not None and given.promise is not None and what == "too late":
            life.wrong("approval", asked.approval or "", "was given after it had ended")

    def approve_own(self) -> None:
        """Who asked tries to let it happen himself, under both of his names."""
        asked = self._pending()
        if asked is None:
            return
        for actor in (SAM, SAM_IN_CHARGE):
            given = self._do(
                Request(id=self.life.next_id(), verb=Verb.approve, approval=asked.approval),
                actor,
                is_last=False,
            )
            if given is not None and given.promise is not None:
                self.life.wrong(
                    "approval", asked.approval or "", f"was given by {actor}, who had asked for it"
                )

    def decline(self) -> None:
        """The head of sales says no."""
        asked = self._pending()
        if asked is not None:
            self._do(Request(id=self.life.next_id(), verb=Verb.decline, approval=asked.approval), HANNA)

    def take_back(self) -> None:
        """The seller cancels, so that there is room again for the customer."""
        if self._sold:
            promise = self.life.chance.choice(self._sold)
            self._do(Request(id=self.life.next_id(), verb=Verb.cancel, promise=promise), SAM)

    def move_costs(self) -> None:
        """What is sold gets dearer or cheaper to buy."""
        self.life.ops += 1
        family = self.life.chance.choice(self.life.families)
        floor = FLOOR_MINOR + self.life.chance.choice((-100, 0, 100))
        item = family.item("t")
        policies.put(
            self.life.db,
            [Price(id=item, item=item, list_minor=1_000, floor_minor=floor)],
            actor=ACTOR,
            id=self.life.next_id(),
        )

    def _request(self, verb: Verb, quantity: int, *, price: int | None = None) -> Request:
        chance = self.life.chance
        family = chance.choice(self.life.families)
        day = self.life.clock.day(ZONES[world.NORTH]) + chance.randint(1, 12)
        line = Line(
            item=family.item(chance.choice("ttp")), quantity=quantity, requested_on=day, price_minor=price
        )
        return Request(
            id=self.life.next_id(),
            verb=verb,
            lines=(line,),
            customer=chance.choice(("ann", "dan")),
            accept="best",
        )

    def _pending(self) -> Decision | None:
        return self.pending[-1] if self.pending else None

    def _do(self, request: Request, actor: str, *, is_last: bool = True) -> Decision | None:
        self.life.ops += 1
        answer = promising.promise(self.life.db, [request], actor=actor)[0]
        if isinstance(answer, AccordError):
            self.life.failed(request, answer)
            return None
        self.life.counts[f"{request.verb.value} by {actor.split()[-1]} {answer.verdict.value}"] += 1
        self.life.told(answer)
        if request.approval is not None:
            self.settled.append(request.approval)
            if is_last:
                self.pending = [one for one in self.pending if one.approval != request.approval]
        return answer
