"""The day on which an order ships complete is the first on which all its lines fit together, not the latest of their own days."""

from __future__ import annotations

import msgspec
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from accord.policy.model import Book, Customer, Rules
from accord.promise.decide.case import Case
from accord.promise.decide.order import together
from accord.promise.model import Line, Request, Verb
from tests.oracle import engine, worlds
from tests.oracle.calendars import today
from tests.oracle.line import earliest
from tests.oracle.order import together as naive
from tests.oracle.world import Record, World


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=worlds.questions(), more=st.lists(worlds.lines(), min_size=1, max_size=2))
def test_the_engine_finds_the_oracles_day_for_all_lines_together(case: Record, more: list[Record]) -> None:
    world = World(case["kinds"], case["rules"], case["now"])
    days = {name: today(record, case["now"]) for name, record in case["kinds"]["site"].items()}
    graph = engine.graph_of(case["kinds"])
    customer = msgspec.convert(case["customer"], Customer) if case["customer"] else None
    customers = {customer.id: customer} if customer else {}
    rules = msgspec.convert(case["rules"], Rules)
    book = Book(version=1, rules=rules, customers=customers, tiers={}, prices={})
    plain = [case["line"], *more]
    lines = tuple(msgspec.convert(line, Line) for line in plain)
    request = Request(
        id="r", verb=Verb.ask, customer=customer.id if customer else None, lines=lines, ship_complete=True
    )

    trial = engine.trial_of(graph, case["rows"], case["kinds"], case["now"])
    plans = together(Case(request, trial, graph, book, case["now"]))
    rows = engine.rows_of(case["rows"], days)
    expected = naive(world, rows, case["customer"], plain)

    assert (plans[0].deliver_on if plans else None) == expected
    alone = [earliest(world, rows, case["customer"], line).on for line in plain]
    if expected is not None and all(alone):
        event(
            "later than the latest alone"
            if expected > max(min(on) for on in alone)
            else "as the latest alone"
        )
    else:
        event("never together" if expected is None and all(alone) else "one of them never")
