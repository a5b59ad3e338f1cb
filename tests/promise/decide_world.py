"""A small company for the tables of decide: days count from Monday 1 March 2027, nine in the morning UTC."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from accord.kit.calendars import weekdays
from accord.kit.days import Day, day_of
from accord.ledger.decide.graph import Graph, reach
from accord.ledger.decide.trial import Trial
from accord.ledger.model import CalendarRecord, Delivery, Item, Profile, Record, Site, node_key
from accord.policy.model import Book, Customer, Price, Rights, Rules
from accord.promise.decide import decide
from accord.promise.decide.case import customer_of
from accord.promise.decide.standing import Standing
from accord.promise.model import Approval, Decision, Line, Option, Promise, Request, Verb

TODAY: Day = day_of("2027-03-01")  # a Monday
NOW = (TODAY - day_of("1970-01-01")) * 86_400_000_000 + 9 * 3_600_000_000
WEEK = CalendarRecord(id="week", calendar=weekdays(480))
PUMP = Item(id="X-100", name="Pump X-100", cost_minor=1_000)
HALDEN, LYON = Site(id="halden", name="Halden"), Site(id="lyon", name="Lyon")
NORTHWIND = Customer(id="northwind", name="Northwind")


class World:
    """Master data, rows in words and the rules; asks are in words too."""

    def __init__(
        self,
        *records: Record,
        stock: dict[str, str] | None = None,
        used: dict[str, str] | None = None,
        counted: dict[str, int] | None = None,
        customer: Customer = NORTHWIND,
        prices: tuple[Price, ...] = (),
        rules: Rules | None = None,
        rights: Rights | None = None,
        now: int = NOW,
    ) -> None:
        named = {(type(record), record.id) for record in records}
        standard = [r for r in (PUMP, HALDEN, WEEK) if (type(r), r.id) not in named]
        self.graph = Graph(1, [*standard, *records])
        self.book = Book(
            version=1,
            rules=rules or Rules(),
            customers={customer.id: customer},
            tiers={},
            prices={price.id: price for price in prices},
            rights=rights,
        )
        self.customer = customer
        self.now = now
        self.profiles: dict[str, Profile] = {}
        for place, steps in (stock or {}).items():
            item, _, site = place.partition("@")
            key = node_key(item, site or "halden")
            self.profiles[key] = profile_of(key, steps)
        for key, steps in (used or {}).items():
            self.profiles[key] = profile_of(key, steps)
        for place, seconds_ago in (counted or {}).items():
            item, _, site = place.partition("@")
            key = node_key(item, site or "halden")
            self.profiles[key] = msgspec.structs.replace(
                self.profiles[key], counted_at=now - seconds_ago * 1_000_000
            )

    def trial(self, request: Request, standing: Standing | None = None) -> Trial:
        """Everything that the request may touch, and nothing else."""
        keys = reach(
            self.graph,
            [(line.item, line.site) for line in request.lines],
            ship_to=self.customer.ship_to,
            depth_max=self.book.rules.depth_max,
            may_substitute=True,
        )
        if standing is not None:
            keys |= {row.key for row in (*standing.draws, *standing.supplies)}
        keys |= {key for key in self.profiles if key.startswith("limit:")}
        profiles = {key: self.profiles.get(key, Profile(key=key)) for key in keys}
        today = {site: self.graph.today(site, self.now) for site in self.graph.sites}
        return Trial(self.graph, profiles, today, TODAY)

    def request(self, *asks: str, verb: str = "ask", **more: object) -> Request:
        """ "500 X-100 d4": a quantity, an item and a day; "@lyon" names the site, "at 1850" the price in cents."""
        return Request(
            id="r1",
            verb=Verb(verb),
            customer=more.pop("customer", self.customer.id),  # type: ignore[arg-type]
            lines=tuple(line_of(ask) for ask in asks),
            **more,  # type: ignore[arg-type]
        )

    def ask(
        self,
        *asks: str,
        verb: str = "ask",
        before: Promise | None = None,
        standing: Standing | None = None,
        id: str = "dec_1",
        actor: str = "",
        approval: Approval | None = None,
        **more: object,
    ) -> Decision:
        request = self.request(*asks, verb=verb, **more)
        trial = self.trial(request, standing)
        mark = trial.mark()
        decision = decide(
            request,
            trial,
            self.graph,
            self.book,
            self.now,
            id=id,
            promise_id=request.promise or "prm_1",
            before=before,
            standing=standing,
            actor=actor,
            approval=approval,
        )
        assert trial.mark() == mark  # whatever was tried was undone
        return decision

    def customer_of(self, request: Request) -> Customer | None:
        return customer_of(request, None, self.book)


def line_of(words: str) -> Line:
    parts = words.split()
    line = Line(item=parts[1], quantity=int(parts[0]), requested_on=TODAY + int(parts[2][1:]))
    for word, value in pairwise(parts):
        if word == "at":
            line = msgspec.structs.replace(line, price_minor=int(value))
    for word in parts[3:]:
        if word.startswith("@"):
            line = msgspec.structs.replace(line, site=word[1:])
    return line


def profile_of(key: str, steps: str) -> Profile:
    """ "+420 now, +100 d7 PO-4711, +5 d3 x9, -40 d5": x9 is the last day of use, - are draws."""
    supply: list[tuple[int, int, str, str, int]] = []
    draws: dict[tuple[int, int], int] = {}
    for number, step in enumerate(steps.split(",")):
        parts = step.split()
        quantity = int(parts[0])
        on = 0 if parts[1] == "now" else TODAY + int(parts[1][1:])
        expires, ref = 0, ""
        for word in parts[2:]:
            if word[0] == "x" and word[1:].isdigit():
                expires = TODAY + int(word[1:])
            else:
                ref = word.replace("-", " ")
        if quantity > 0:
            supply.append((on, quantity, f"s{number}", ref, expires))
        else:
            draws[on, 0] = draws.get((on, 0), 0) - quantity
    ordered = tuple(sorted((on, life, quantity) for (on, life), quantity in draws.items()))
    return Profile(key=key, version=7, supply=tuple(sorted(supply)), draws=ordered)


def said(option: Option) -> str:
    """ "split: 420 d3 + 80 d7": kind, then quantity, delivery day and site where it is not Halden."""
    parts = [
        f"{piece.quantity}{'' if piece.item == 'X-100' else ' ' + piece.item} d{piece.deliver_on - TODAY}"
        + ("" if piece.site == "halden" else f" {piece.site}")
        for piece in option.pieces
    ]
    return f"{option.kind}: {' + '.join(parts)}"


def offers(decision: Decision) -> list[str]:
    return [said(option) for option in decision.options]


def leg(id: str, site: str, days: int, *, ship_to: str = "*", **more: object) -> Delivery:
    return Delivery(id=id, site=site, ship_to=ship_to, transit_days=days, **more)  # type: ignore[arg-type]
