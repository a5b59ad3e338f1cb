"""Small worlds for Hypothesis: two or three sites, up to five items, and every way to get one, as plain dictionaries."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from tests.oracle.world import Kinds, Record, node

MONDAY = date(2027, 3, 1).toordinal()
AT_NINE = int(datetime(2027, 3, 1, 9, tzinfo=UTC).timestamp()) * 1_000_000
HORIZON = 30

CALENDARS: dict[str, Record] = {
    "week": {"id": "week", "calendar": {"name": "week", "default_minutes": 0, "rules": [
        {"from_on": None, "until_on": None, "weekdays": 31, "minutes": 480, "priority": 0}]}},
    "holiday": {"id": "holiday", "calendar": {"name": "holiday", "default_minutes": 300, "rules": [
        {"from_on": MONDAY + 3, "until_on": MONDAY + 6, "weekdays": 127, "minutes": 0, "priority": 1},
        {"from_on": None, "until_on": None, "weekdays": 96, "minutes": 60, "priority": 2}]}},
    "mondays": {"id": "mondays", "calendar": {"name": "mondays", "default_minutes": 0, "rules": [
        {"from_on": None, "until_on": None, "weekdays": 9, "minutes": 1_440, "priority": 0}]}},
}  # fmt: skip

_calendar = st.sampled_from([None, None, "week", "holiday", "mondays"])
_priority = st.sampled_from([1, 1, 2])
_days = st.integers(0, 4)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


@st.composite
def _lot(draw: st.DrawFn) -> Record:
    multiple = draw(st.sampled_from([1, 1, 1, 2, 5]))
    found: Record = {"lot_multiple": multiple, "lot_min": draw(st.sampled_from([1, 1, 3, 8]))}
    if draw(st.booleans()):
        found["lot_max"] = draw(st.sampled_from([multiple, 2 * multiple + 1, 12]))
        if found["lot_max"] < multiple:
            found["lot_max"] = multiple
        # A minimum above what one lot may hold cannot be meant.
        found["lot_min"] = min(found["lot_min"], found["lot_max"] // multiple * multiple)
    found["fence_days"] = draw(st.sampled_from([0, 0, 2]))
    found["priority"] = draw(_priority)
    if draw(st.integers(0, 9)) == 9:
        found["expedite"] = True
    if draw(st.integers(0, 9)) == 9:
        found["from_on"] = MONDAY + draw(_days)
    if draw(st.integers(0, 9)) == 9:
        found["until_on"] = MONDAY + 3 + draw(st.integers(0, 9))
    return found


@st.composite
def kinds(draw: st.DrawFn) -> Kinds:
    """Master data without circles in its bills; lanes may go in circles."""
    sites = [f"s{n}" for n in range(draw(st.integers(2, 3)))]
    items = [f"i{n}" for n in range(draw(st.integers(3, 5)))]
    found: Kinds = {
        "calendar": dict(CALENDARS),
        "item": {item: {"id": item, "name": item} for item in items},
        "site": {},
        "resource": {},
        "supplier": {},
        "operation": {},
        "lane": {},
        "term": {},
        "delivery": {},
    }
    for site in sites:
        found["site"][site] = {
            "id": site, "name": site, "calendar": draw(_calendar),
            "zone": draw(st.sampled_from(["UTC", "UTC", "America/Los_Angeles", "Asia/Tokyo"])),
            "cutoff_minute": draw(st.sampled_from([None, None, 480, 600])),
        }  # fmt: skip
    for n in range(3):
        found["resource"][f"r{n}"] = {
            "id": f"r{n}", "name": f"r{n}", "site": draw(st.sampled_from(sites)), "calendar": draw(_calendar),
            "units": draw(st.integers(1, 2)), "overtime_minutes": draw(st.sampled_from([0, 60, 200])),
        }  # fmt: skip
    for n in range(2):
        found["supplier"][f"v{n}"] = {
            "id": f"v{n}", "name": f"v{n}", "calendar": draw(_calendar),
            "capacity": draw(st.sampled_from([None, 3, 8])),
        }  # fmt: skip
    for n in range(draw(st.integers(2, 6))):
        made = draw(st.sampled_from([0, 0, *range(len(items) - 1)]))
        found["operation"][f"o{n}"] = {
            "id": f"o{n}", "item": items[made], "site": draw(st.sampled_from(["s0", "s0", *sites])),
            "inputs": [draw(_input(items[made + 1 :])) for _ in range(draw(st.integers(1, 2)))],
            "steps": [draw(_step()) for _ in range(draw(st.sampled_from([0, 1, 1, 2, 3])))],
            "lead_days": draw(st.sampled_from([0, 0, 1, 3])),
            "lead_seconds": draw(st.sampled_from([0, 0, 0, 3_600, 15_000])),
            "lead_per": draw(st.sampled_from([1, 3])),
            "day_minutes": draw(st.sampled_from([1_440, 480])),
            "after_days": draw(st.sampled_from([0, 0, 1, 2])),
            **draw(_lot()),
        }  # fmt: skip
    for n in range(draw(st.integers(1, 4))):
        origin, destination = draw(st.permutations(sites))[:2]
        found["lane"][f"l{n}"] = {
            "id": f"l{n}", "item": draw(st.sampled_from(items)), "origin": origin, "destination": destination,
            "transit_days": draw(_days), "calendar": draw(_calendar), **draw(_lot()),
        }  # fmt: skip
    for n in range(draw(st.integers(1, 5))):
        found["term"][f"t{n}"] = {
            "id": f"t{n}", "item": draw(st.sampled_from(items)), "site": draw(st.sampled_from(["s0", *sites])),
            "supplier": draw(st.sampled_from(["v0", "v1"])), "lead_days": draw(_days), **draw(_lot()),
        }  # fmt: skip
    for n in range(draw(st.sampled_from([0, 0, 1, 2]))):
        found["delivery"][f"d{n}"] = {
            "id": f"d{n}", "site": draw(st.sampled_from(sites)), "ship_to": draw(st.sampled_from(["*", "home"])),
            "transit_days": draw(_days), "calendar": draw(_calendar), "priority": draw(_priority),
        }  # fmt: skip
    return found


@st.composite
def _input(draw: st.DrawFn, items: list[str]) -> Record:
    item = draw(st.sampled_from(items))
    others = [other for other in items if other != item]
    found: Record = {
        "item": item, "quantity": draw(st.integers(1, 3)), "per": draw(st.sampled_from([1, 1, 2, 10])),
        "fixed": draw(st.sampled_from([0, 0, 1])),
        "alternates": draw(st.lists(st.sampled_from(others), max_size=1)) if others else [],
    }  # fmt: skip
    if draw(st.integers(0, 7)) == 7:
        found["until_on"] = MONDAY + draw(st.integers(0, 10))
    return found


@st.composite
def _step(draw: st.DrawFn) -> Record:
    resources = draw(st.sampled_from([("r0",), ("r1",), ("r0", "r1"), ("r1", "r0"), ("r1", "r1")]))
    return {
        "loads": [draw(_load(name)) for name in resources],
        "setup_minutes": draw(st.sampled_from([0, 0, 30])),
        "run_seconds": draw(st.sampled_from([600, 600, 3_600, 9_000, 0])),
        "run_per": draw(st.sampled_from([1, 1, 4])),
    }  # fmt: skip


@st.composite
def _load(draw: st.DrawFn, resource: str) -> Record:
    units = st.sampled_from([1, 1, 1, 2])
    found: Record = {"resource": resource, "units": draw(units), "priority": draw(_priority)}
    others = [name for name in ("r2", "r0", "r1") if name != resource]
    also = draw(st.sampled_from([(), (), others[:1], others[:1], others[1:], others]))
    if also:
        found["also"] = [{"resource": name, "units": draw(units)} for name in also]
    return found


@st.composite
def shops(draw: st.DrawFn) -> Record:
    """One operation and nothing else, on three resources of which much is taken already: all about who is there when."""
    resources = {
        f"r{n}": {
            "id": f"r{n}", "name": f"r{n}", "site": "s0", "calendar": draw(_calendar), "units": draw(st.integers(1, 2)),
            "overtime_minutes": draw(st.sampled_from([0, 60, 200])),
        }
        for n in range(3)
    }  # fmt: skip
    steps = draw(st.lists(_step(), min_size=1, max_size=2))
    keys = [f"{kind}:{name}" for kind in ("resource", "overtime") for name in resources]
    taken = st.tuples(
        st.just("draw"),
        st.sampled_from(keys),
        st.integers(MONDAY, MONDAY + 5),
        st.sampled_from([10, 50, 150, 400]),
    )
    return {
        "kinds": {
            "calendar": dict(CALENDARS),
            "item": {"i0": {"id": "i0", "name": "i0"}},
            "site": {"s0": {"id": "s0", "name": "s0"}},
            "resource": resources,
            "operation": {"o0": {"id": "o0", "item": "i0", "site": "s0", "steps": steps}},
            "supplier": {},
        },
        "rows": draw(st.lists(taken, max_size=12)),
        "rules": {"horizon_days": HORIZON, "depth_max": 1, "fence_days": 0},
        "line": {"item": "i0", "quantity": draw(st.integers(1, 60))},
        "now": AT_NINE,
    }  # fmt: skip


@st.composite
def rows(draw: st.DrawFn, world: Kinds) -> list[tuple[str, str, int, int]]:
    """("supply" or "draw", key, day, quantity): stock, receipts and what is promised, not always covered."""
    items, sites = sorted(world["item"]), sorted(world["site"])
    nodes = st.builds(
        node, st.sampled_from([*items, *items[1:], *items[1:]]), st.sampled_from(["s0", *sites])
    )
    found = [
        (
            "supply",
            draw(nodes),
            draw(st.sampled_from([0, 0, 1, 1])) * (MONDAY + draw(st.integers(0, 12))),
            draw(st.integers(1, 30)),
        )
        for _ in range(draw(st.integers(4, 10)))
    ]
    found += [
        ("draw", draw(nodes), MONDAY + draw(st.integers(-1, 14)), draw(st.integers(1, 6)))
        for _ in range(draw(st.integers(0, 6)))
    ]
    for _ in range(draw(st.integers(0, 5))):
        found.append(
            (
                "draw",
                draw(
                    st.sampled_from([f"{kind}:r{n}" for kind in ("resource", "overtime") for n in range(3)])
                ),
                MONDAY + draw(st.integers(0, 9)),
                draw(st.integers(1, 500)),
            )
        )
    limited = [name for name, supplier in world["supplier"].items() if supplier["capacity"] is not None]
    if limited:
        found += [
            (
                "draw",
                f"supplier:{draw(st.sampled_from(limited))}",
                MONDAY + draw(st.integers(0, 9)),
                draw(st.integers(1, 4)),
            )
            for _ in range(draw(st.integers(0, 2)))
        ]
    return found


@st.composite
def customers(draw: st.DrawFn) -> Record | None:
    """Whoever asks; None is nobody known."""
    return draw(
        _maybe(
            st.fixed_dictionaries(
                {
                    "id": st.just("c"), "name": st.just("c"), "ship_to": st.sampled_from(["*", "home", "away"]),
                    "calendar": _calendar, "early_days_max": st.sampled_from([0, 0, 2]),
                }
            )
        )
    )  # fmt: skip


def lines() -> st.SearchStrategy[Record]:
    """What may be asked for besides."""
    return st.fixed_dictionaries(
        {
            "item": st.sampled_from(["i0", "i0", "i1", "i2"]), "quantity": st.integers(1, 25),
            "requested_on": st.integers(MONDAY, MONDAY + 8), "site": st.sampled_from([None, "s0", "s1"]),
        }
    )  # fmt: skip


@st.composite
def questions(draw: st.DrawFn) -> Record:
    """A whole case: master data, rows, rules, customer, one line."""
    world = draw(kinds())
    return {
        "kinds": world,
        "rows": draw(rows(world)),
        "rules": {"horizon_days": HORIZON, "depth_max": draw(st.integers(1, 4)), "fence_days": draw(st.sampled_from([0, 0, 1]))},
        "customer": draw(customers()),
        "line": {
            "item": draw(st.sampled_from(["i0", "i0", "i1", "i2"])), "quantity": draw(st.integers(1, 25)),
            "requested_on": MONDAY + draw(st.integers(0, 8)),
            "site": draw(st.sampled_from([None, *sorted(world["site"])])),
        },
        "now": AT_NINE,
    }  # fmt: skip
