"""The earliest day in full that the engine names for a line is the one a scan of every day finds."""

from __future__ import annotations

import msgspec
from hypothesis import HealthCheck, event, given, settings

from accord.policy.model import Book, Customer, Rules
from accord.promise.decide.case import Case
from accord.promise.decide.line import answer
from accord.promise.model import Line, Request, Verb
from tests.oracle import engine, worlds
from tests.oracle.calendars import today
from tests.oracle.line import earliest
from tests.oracle.world import Record, World


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=worlds.questions())
def test_the_engine_finds_the_oracles_earliest_day(case: Record) -> None:
    world = World(case["kinds"], case["rules"], case["now"])
    days = {name: today(record, case["now"]) for name, record in case["kinds"]["site"].items()}
    graph = engine.graph_of(case["kinds"])
    customer = msgspec.convert(case["customer"], Customer) if case["customer"] else None
    customers = {customer.id: customer} if customer else {}
    book = Book(
        version=1, rules=msgspec.convert(case["rules"], Rules), customers=customers, tiers={}, prices={}
    )
    line = msgspec.convert(case["line"], Line)
    request = Request(id="r", verb=Verb.ask, customer=customer.id if customer else None, lines=(line,))

    trial = engine.trial_of(graph, case["rows"], case["kinds"], case["now"])
    found = answer(Case(request, trial, graph, book, case["now"]), 0, line)
    expected = earliest(world, engine.rows_of(case["rows"], days), case["customer"], case["line"])

    if expected.refusal == "day_in_the_past":
        event("day in the past")
        return  # refused before any line is looked at
    if expected.refusal is not None:
        assert found.on is None, f"the oracle says {expected.refusal}"
    else:
        assert found.on in expected.on, f"the oracle says {sorted(expected.on)}"
    event(expected.refusal or ("on the day" if min(expected.on) <= line.requested_on else "later"))
