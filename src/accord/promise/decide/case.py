"""Who asks for what, on which terms? A request put together with the customer's terms and the rules."""

from __future__ import annotations

import msgspec

from accord.kit.days import Day, Instant, local_day
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.trial import Trial
from accord.ledger.model import Item, State
from accord.policy.model import Book, Customer, Price
from accord.promise.decide.ctp import Ctp
from accord.promise.decide.reply import half_up
from accord.promise.decide.way import Way
from accord.promise.model import Line, Promise, Request, Verb


def terms_of(customer: Customer | None) -> frozenset[str]:
    """What allocations know a requester by: "tier:A", "channel:web", "region:north"."""
    if customer is None:
        return frozenset()
    named = (("tier", customer.tier), ("channel", customer.channel), ("region", customer.region))
    return frozenset([f"{kind}:{name}" for kind, name in named if name])


class Who(msgspec.Struct, frozen=True):
    """Who wants it."""

    actor: str = ""
    approves: str | None = None  # the role in which the actor lets happen what another asked for …
    asker: str = ""  # … who that is …
    asker_role: str = ""  # … and in which role
    is_judged: bool = True  # False: it only undoes what was kept for an approval
    keeps: bool = False  # the hold was made for the approval: to hold it on is no renewal


def customer_of(request: Request, before: Promise | None, book: Book) -> Customer | None:
    """Who it is for: the customer of the promise that is changed, else the one named in the request; None = nobody we know.

    A promise stays its customer's: another one's terms and prices, and the rights for his tier, do not count for it.
    """
    named = request.customer if before is None else before.customer
    return book.customers.get(named) if named is not None else None


NOBODY = Who()


class Case:
    """One request with everything its decision needs; the trial is the only thing that changes."""

    def __init__(
        self,
        request: Request,
        trial: Trial,
        graph: Graph,
        book: Book,
        now: Instant,
        before: Promise | None = None,
        who: Who = NOBODY,
    ) -> None:
        self.request = request
        self.trial = trial
        self.supposes = False  # the trial holds a guess at what was counted too long ago
        self.graph = graph
        self.book = book
        self.rules = book.rules
        self.now = now
        self.who = who
        self.actor, self.approves, self.is_judged = who.actor, who.approves, who.is_judged
        self.is_hold = before is not None and before.state is State.held
        customer = customer_of(request, before, book)
        self.customer = customer
        self.terms = terms_of(customer)
        self.ship_to = customer.ship_to if customer is not None else "*"
        self.receiving = customer.calendar if customer is not None else None
        self.early_days_max = customer.early_days_max if customer is not None else 0
        self.late_days_max = customer.late_days_max if customer is not None else None
        self.life_days = customer.life_days_min if customer is not None else 0
        self.ship_complete = _first(request.ship_complete, customer is not None and customer.ship_complete)
        # One delivery is one delivery: what must ship complete is never split.
        self.may_split = (
            _first(request.may_split, customer is None or customer.may_split) and not self.ship_complete
        )
        self.may_substitute = _first(request.may_substitute, customer is not None and customer.may_substitute)

    @property
    def hold_seconds(self) -> int:
        """How long a hold would last that the request makes; 0 = it makes none, or leaves its end as it is."""
        if self.request.verb is Verb.hold:
            asked = self.request.hold_seconds
            return self.rules.hold_seconds_usual if asked is None else asked
        return (self.request.hold_seconds or 0) if self.is_hold else 0

    @property
    def leaves_hold(self) -> bool:
        """Whether what the request makes is a hold."""
        return self.request.verb is Verb.hold or (self.request.verb is Verb.amend and self.is_hold)

    def look(self, *, expedite: bool = False, borrow: bool = False, inside_fence: bool = False) -> Ctp:
        """A way of looking at the trial with the requester's terms."""
        return Ctp(
            self.graph,
            self.trial,
            self.rules,
            self.now,
            terms=self.terms,
            expedite=expedite,
            borrow=borrow,
            inside_fence=inside_fence,
        )

    def today(self, wish: Wish) -> Day:
        """Today's date for a line: that of the first site it may leave from."""
        return self.trial.today(wish.legs[0].site) if wish.legs else local_day(self.now, "UTC")

    def price_of(self, line: Line, item: str) -> int | None:
        """The price of one stated unit: as asked, else the tier's list price, else the list price; None = unknown."""
        if line.price_minor is not None:
            return line.price_minor
        price = self._price(item)
        return price.list_minor if price is not None else None

    def floor_of(self, item: str) -> int:
        """Below this price of one stated unit it needs approval; 0 = no floor."""
        price = self._price(item)
        return price.floor_minor if price is not None else 0

    def _price(self, item: str) -> Price | None:
        prices = self.book.prices
        if self.customer is not None and self.customer.tier:
            own = prices.get(f"{item}|{self.customer.tier}")
            if own is not None:
                return own
        return prices.get(item)


def _first(asked: bool | None, agreed: bool) -> bool:
    """What the request says, else what the customer's terms say."""
    return agreed if asked is None else asked


class Wish:
    """One line of a request with the ways on which it may leave."""

    __slots__ = ("_case", "_ctp", "_ways", "index", "item", "legs", "line", "record", "requested_on")

    def __init__(
        self, case: Case, ctp: Ctp, index: int, line: Line, *, item: str | None = None, expedite: bool = False
    ) -> None:
        self.index = index
        self.line = line
        self.item = line.item if item is None else item  # a substitute stands in the line's place
        self.record: Item = case.graph.items[self.item]
        self.requested_on = line.requested_on
        self.legs = case.graph.ways_out(line.site, case.ship_to, expedite=expedite)
        self._case = case
        self._ctp = ctp
        self._ways: list[Way] = []

    @property
    def first(self) -> Way:
        """The way that comes first; there is one."""
        if not self._ways:
            self._add(0)
        return self._ways[0]

    @property
    def ways(self) -> list[Way]:
        """All ways, in order."""
        for place in range(len(self._ways), len(self.legs)):
            self._add(place)
        return self._ways

    def _add(self, place: int) -> None:
        self._ways.append(Way(self._ctp, self.legs[place], self._case.receiving, self._case.early_days_max))

    @property
    def nodes(self) -> tuple[tuple[str, str], ...]:
        """The nodes it may leave from, in order, each once."""
        return tuple(dict.fromkeys((self.item, leg.site) for leg in self.legs))

    def money(self, quantity: int, price_minor: int) -> int:
        """What a quantity costs at a price of one stated unit."""
        return half_up(quantity * price_minor, self.record.scale)
