"""What is true of every decision, on worlds that nobody thought of."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests.oracle import engine, worlds
from tests.promise.decide_world import TODAY, World

from accord.kit.digest import canonical
from accord.ledger.decide import gate
from accord.ledger.decide.graph import Graph, Source, reach
from accord.ledger.decide.trial import Trial
from accord.ledger.model import (
    Draw,
    Effects,
    Item,
    Kind,
    Profile,
    Site,
    Supplier,
    Supply,
    Term,
    allocation_key,
    kind_of_key,
    node_key,
)
from accord.policy.model import Book, Customer, Rules
from accord.promise.decide import decide
from accord.promise.decide.bounds import Bounds
from accord.promise.decide.case import Case, Wish
from accord.promise.decide.effects import effects_of, promise_after
from accord.promise.decide.life import refusals_of_lines
from accord.promise.decide.order import together
from accord.promise.decide.plan import soonest
from accord.promise.decide.reply import Short
from accord.promise.model import Decision, Line, Request, Verb

TRIES = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
MORE = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 20), st.integers(0, 15)), max_size=2)


class Scene:
    """One generated world with what is asked in it."""

    def __init__(
        self,
        case: dict[str, Any],
        more: list[tuple[int, int, int]] | None = None,
        shares: list[tuple[int, int, int]] | None = None,
        tier: str = "",
    ) -> None:
        kinds = {**case["kinds"], "allocation": dict(_share(*share) for share in shares or [])}
        self.graph = engine.graph_of(kinds)
        customer = msgspec.convert(case["customer"], Customer) if case["customer"] else None
        if tier:
            named = customer or Customer(id="c", name="C")
            customer = msgspec.structs.replace(named, tier=tier[0], channel=tier[1:])
        self.customer = customer.id if customer else None
        self.ship_to = customer.ship_to if customer else "*"
        self.book = Book(
            version=1,
            rules=msgspec.convert(case["rules"], Rules),
            customers={customer.id: customer} if customer else {},
            tiers={},
            prices={},
        )
        self.now: int = case["now"]
        first = msgspec.convert(case["line"], Line)
        others = [
            Line(item=f"i{item}", quantity=quantity, requested_on=worlds.MONDAY + day)
            for item, quantity, day in more or []
            if f"i{item}" in self.graph.items
        ]
        self.lines = (first, *others)
        self.profiles = engine.profiles_of(case["rows"], engine.keys_of(case["kinds"]))
        self.today = {site: self.graph.today(site, self.now) for site in self.graph.sites}

    def request(self, verb: Verb, **more: Any) -> Request:
        return Request(id="r", verb=verb, customer=self.customer, lines=self.lines, **more)

    def trial(self) -> Trial:
        keys = reach(
            self.graph,
            [(line.item, line.site) for line in self.lines],
            ship_to=self.ship_to,
            depth_max=self.book.rules.depth_max,
            may_substitute=False,
        )
        profiles = {key: self.profiles.get(key, Profile(key=key)) for key in keys}
        return Trial(self.graph, profiles, self.today, worlds.MONDAY)

    def decide(self, request: Request, id: str = "dec_1") -> Decision:
        trial = self.trial()
        mark = trial.mark()
        decision = decide(
            request, trial, self.graph, self.book, self.now, id=id, promise_id="prm" + id.removeprefix("dec")
        )
        assert trial.mark() == mark
        return decision

    def commit(self, effects: Effects) -> None:
        """Through the gate's own checks, key by key."""
        was = dict(self.profiles)
        takes: dict[str, list[Draw]] = {}
        adds: dict[str, list[Supply]] = {}
        for draw in (*effects.draws, *(draw for proposal in effects.proposes for draw in proposal.draws)):
            takes.setdefault(draw.key, []).append(draw)
        for proposal in effects.proposes:
            adds.setdefault(proposal.supply.key, []).append(proposal.supply)
        for key in sorted({*takes, *adds}):
            before = self.profiles.get(key, Profile(key=key))
            after = gate.changed(before, takes=takes.get(key, ()), adds=adds.get(key, ()), now=self.now)
            site = key.rpartition("@")[2] if kind_of_key(key) is Kind.node else ""
            gate.check(before, before, after, self.graph, self.today.get(site, worlds.MONDAY))
            self.profiles[key] = after
            shares = self.graph.allocations_on(key)
            if shares:
                used = tuple(
                    {
                        a.id: sum(
                            quantity
                            for _, _, quantity in profiles.get(allocation_key(a.id), Profile(key="")).draws
                        )
                        for a in shares
                    }
                    for profiles in (was, self.profiles)
                )
                terms = frozenset(effects.terms)
                gate.check_shares(before, after, used, self.graph, self.today[site], terms, effects.borrows)


def _share(item: int, path: int, quantity: int) -> tuple[str, dict[str, Any]]:
    """A share of an item at the first site, for most of the horizon."""
    paths = (["tier:A"], ["tier:B"], ["tier:B", "channel:web"], ["tier:A", "channel:web"])
    id = f"i{item}-{path}"
    return id, {
        "id": id, "item": f"i{item}", "site": "s0", "path": paths[path], "rank": 1 + path % 2, "quantity": quantity,
        "from_on": worlds.MONDAY + path % 3, "until_on": worlds.MONDAY + 20,
    }  # fmt: skip


SHARES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 15)), max_size=4)
TIERS = st.sampled_from(["", "A", "B", "Aweb", "Bweb", "Bshop"])


@settings(TRIES, max_examples=300)
@given(
    case=worlds.questions(),
    more=MORE,
    shares=SHARES,
    tiers=st.tuples(TIERS, TIERS),
    verb=st.sampled_from([Verb.hold, Verb.commit]),
    together=st.booleans(),
    lives=st.lists(st.sampled_from([0, 0, 2, 6, 15]), max_size=4),
)
def test_what_is_promised_passes_the_gate_and_again_on_what_is_left(
    case: dict[str, Any],
    more: list[tuple[int, int, int]],
    shares: list[tuple[int, int, int]],
    tiers: tuple[str, str],
    verb: Verb,
    together: bool,
    lives: list[int],
) -> None:
    profiles: dict[str, Profile] | None = None
    for id, tier in zip(("dec_1", "dec_2"), tiers, strict=True):
        scene = Scene(case, more, shares, tier)
        if profiles is not None:
            scene.profiles = profiles
        elif any(lives):
            scene.profiles = _expiring(scene.profiles, lives)
        profiles = scene.profiles
        decision = scene.decide(scene.request(verb, accept="best", ship_complete=together), id)
        event(
            f"{decision.verdict.value}, {'makes' if decision.options and decision.options[0].makes else 'stock'}"
        )
        effects = effects_of(decision, scene.graph, scene.book)
        if effects is None:
            assert decision.chosen is None
            continue
        scene.commit(effects)  # raises where anything falls below zero, or below what is protected for others
        promise = promise_after(decision, None, effects, actor="anna")
        assert promise is not None
        assert sum(c.quantity for c in effects.commitments) == sum(line.quantity for line in scene.lines)


@TRIES
@given(case=worlds.questions(), more=MORE)
def test_the_same_book_gives_the_same_bytes(case: dict[str, Any], more: list[tuple[int, int, int]]) -> None:
    first, second = Scene(case, more), Scene(case, more)

    assert canonical(first.decide(first.request(Verb.ask))) == canonical(
        second.decide(second.request(Verb.ask))
    )


def _expiring(profiles: dict[str, Profile], lives: list[int]) -> dict[str, Profile]:
    """The same supply, but some of it keeps for so many days only (0 = for ever)."""
    numbers = iter(lives * 20)
    return {
        key: msgspec.structs.replace(
            profile,
            supply=tuple(
                (on, quantity, id, ref, max(on, worlds.MONDAY) + life if (life := next(numbers)) else 0)
                for on, quantity, id, ref, _ in profile.supply
            ),
        )
        for key, profile in profiles.items()
    }


@settings(TRIES, max_examples=250)
@given(
    case=worlds.questions(),
    lives=st.lists(st.sampled_from([0, 0, 2, 6, 15]), max_size=8),
    life=st.sampled_from([0, 0, 1, 4]),
)
def test_the_search_skips_only_days_that_fail(case: dict[str, Any], lives: list[int], life: int) -> None:
    scene = Scene(case)
    if any(lives):
        scene.profiles = _expiring(scene.profiles, lives)
    line = scene.lines[0]
    found, plain = [], []
    for prunes in (True, False):
        looked = Case(scene.request(Verb.ask), scene.trial(), scene.graph, scene.book, scene.now)
        ctp = looked.look()
        wish = Wish(looked, ctp, 0, line)
        last = worlds.MONDAY + scene.book.rules.horizon_days
        if prunes:
            ctp.prepare(wish.nodes)
        for way in wish.ways:
            mark = looked.trial.mark()
            if prunes:
                first = soonest(ctp, wish, way, line.quantity, way.target(line.requested_on), last, life)
                found.append(None if first is None else first[1])
                looked.trial.undo(mark)
                continue
            # Every receiving day in turn, every source tried.
            target, hit = way.target(line.requested_on), None
            while target is not None and target <= last and hit is None:
                ship_on = way.ship_on(target)
                if ship_on is not None and not isinstance(
                    ctp.cover(line.quantity, wish.item, way.site, ship_on, life_days=life), Short
                ):
                    hit = target
                looked.trial.undo(mark)
                target = way.next_target(target)
            plain.append(hit)

    assert found == plain
    event(f"{sum(day is not None for day in plain)} of {len(plain)} ways")


@TRIES
@given(case=worlds.questions(), more=MORE)
def test_together_is_the_first_day_on_which_every_line_is_covered(
    case: dict[str, Any], more: list[tuple[int, int, int]]
) -> None:
    scene = Scene(case, [*more, (0, 2, 1)])
    looked = Case(
        scene.request(Verb.ask, ship_complete=True), scene.trial(), scene.graph, scene.book, scene.now
    )
    ctp = looked.look()
    wishes = [Wish(looked, ctp, n, line) for n, line in enumerate(scene.lines)]
    if refusals_of_lines(looked) or not all(wish.ways for wish in wishes):
        return
    requested = [line.requested_on for line in scene.lines]
    last = min(looked.today(wish) for wish in wishes) + scene.book.rules.horizon_days
    expected = None
    for day in range(max(min(requested), max(requested) - looked.early_days_max), last + 1):
        mark = looked.trial.mark()
        if all(_has_on(looked, wish, day) for wish in wishes):
            expected = day
        looked.trial.undo(mark)
        if expected is not None:
            break

    plans = together(looked)

    assert (None if plans is None else plans[0].deliver_on) == expected
    assert plans is None or {plan.deliver_on for plan in plans} == {expected}
    event("never" if expected is None else "some day")


def _has_on(looked: Case, wish: Wish, day: int) -> bool:
    """Whether the line is there on the day by the first way that can; its draws stay on the trial."""
    ctp = looked.look()  # nothing is known to it: every source is tried
    for way in wish.ways:
        ship_on = way.ship_on(day) if way.target(day) == day else None
        if ship_on is not None and not isinstance(
            ctp.cover(wish.line.quantity, wish.item, way.site, ship_on), Short
        ):
            return True
    return False


def test_a_bound_that_is_a_day_too_high_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above: the search does rely on its bounds."""
    bound = Bounds.of

    def too_high(self: Bounds, source: Source, quantity: int) -> int | None:
        day = bound(self, source, quantity)
        return None if day is None else day + 1

    world = World(
        Supplier(id="s", name="S"), Term(id="t", item="X-100", site="halden", supplier="s", lead_days=3)
    )
    right = world.ask("1 X-100 d0").lines[0].on
    monkeypatch.setattr(Bounds, "of", too_high)

    assert (right, world.ask("1 X-100 d0").lines[0].on) == (TODAY + 3, TODAY + 4)


STEPS = st.lists(st.tuples(st.integers(0, 12), st.integers(-20, 20).filter(bool)), max_size=8)
PUMP, HALDEN = Item(id="pump", name="Pump"), Site(id="halden", name="Halden")
KEY = node_key("pump", "halden")


def _earliest(steps: list[tuple[int, int]], quantity: int) -> int | None:
    supply = tuple(
        sorted(
            (worlds.MONDAY + day, amount, f"s{n}", "", 0)
            for n, (day, amount) in enumerate(steps)
            if amount > 0
        )
    )
    draws: dict[tuple[int, int], int] = {}
    for day, amount in steps:
        if amount < 0:
            draws[worlds.MONDAY + day, 0] = draws.get((worlds.MONDAY + day, 0), 0) - amount
    profile = Profile(
        key=KEY,
        supply=supply,
        draws=tuple(sorted((on, life, amount) for (on, life), amount in draws.items())),
    )
    graph = Graph(1, [PUMP, HALDEN])
    request = Request(
        id="r", verb=Verb.ask, lines=(Line(item="pump", quantity=quantity, requested_on=worlds.MONDAY),)
    )
    book = Book(version=1, rules=Rules(horizon_days=30), customers={}, tiers={}, prices={})
    trial = Trial(graph, {KEY: profile}, {"halden": worlds.MONDAY}, worlds.MONDAY)
    return decide(request, trial, graph, book, worlds.AT_NINE).lines[0].on


@given(steps=STEPS, quantity=st.integers(1, 40), extra=st.tuples(st.integers(0, 12), st.integers(1, 20)))
def test_more_stock_never_makes_the_answer_later(
    steps: list[tuple[int, int]], quantity: int, extra: tuple[int, int]
) -> None:
    before, after = _earliest(steps, quantity), _earliest([*steps, extra], quantity)

    assert before is None or (after is not None and after <= before)


@given(
    steps=STEPS,
    quantity=st.integers(1, 40),
    day=st.integers(0, 12),
    parts=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_splitting_a_receipt_changes_nothing(
    steps: list[tuple[int, int]], quantity: int, day: int, parts: tuple[int, int]
) -> None:
    whole = _earliest([*steps, (day, sum(parts))], quantity)

    assert _earliest([*steps, *((day, part) for part in parts)], quantity) == whole
