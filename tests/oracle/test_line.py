"""The earliest day in full that the engine names for a line is the one a scan of every day finds."""

from __future__ import annotations

import msgspec
from hypothesis import HealthCheck, event, given, settings

from accord.policy.model import Book, Customer, Rules
from accord.promise.decide.case import Case
from accord.promise.decide.line import Answer, answer
from accord.promise.model import Line, Refusal, Request, Verb
from tests.oracle import engine, worlds
from tests.oracle.calendars import today
from tests.oracle.line import earliest, legs
from tests.oracle.world import Record, World, node


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
        _refused_for_a_reason(case, found)
    else:
        assert found.on in expected.on, f"the oracle says {sorted(expected.on)}"
    event(expected.refusal or ("on the day" if min(expected.on) <= line.requested_on else "later"))


def _refused_for_a_reason(case: Record, found: Answer) -> None:
    """Why not: nobody leads there, there is no way to get it, or the step that was short is named."""
    line, kinds = case["line"], case["kinds"]
    ways = legs(
        World(kinds, case["rules"], case["now"]),
        line["site"],
        case["customer"]["ship_to"] if case["customer"] else "*",
    )
    if not ways:
        assert found.refusals == [Refusal.no_way_to_the_customer]
        return
    sites = {leg["site"] for leg in ways}
    sources = [
        record
        for kind, where in (("operation", "site"), ("term", "site"), ("lane", "destination"))
        for record in kinds[kind].values()
        if record["item"] == line["item"] and record[where] in sites
    ]
    supplied = {key for what, key, _, _ in case["rows"] if what == "supply"}
    nothing = not sources and not supplied & {node(line["item"], site) for site in sites}
    assert found.limit is not None
    assert (found.refusals[0] is Refusal.no_source) >= nothing
    assert found.refusals[0] in {
        Refusal.no_source, Refusal.supply_short, Refusal.capacity_full, Refusal.inside_fence, Refusal.lead_time_too_long,
    }  # fmt: skip
