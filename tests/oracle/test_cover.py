"""What the engine says a node can give on a day is what the oracle says, and it takes the same for it."""

from __future__ import annotations

from itertools import combinations

import msgspec
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from accord.ledger.decide.trial import Trial
from accord.policy.model import Rules
from accord.promise.decide.ctp import Ctp
from accord.promise.decide.reply import Reply
from tests.oracle import engine, worlds
from tests.oracle.calendars import today
from tests.oracle.cover import cover
from tests.oracle.world import Record, Rows, World, node


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    case=worlds.questions(), site=st.sampled_from(["s0", "s1"]), hinted=st.booleans(), expedite=st.booleans()
)
def test_the_engine_covers_what_the_oracle_covers(
    case: Record, site: str, hinted: bool, expedite: bool
) -> None:
    answers = _compared(case, site, 25, hinted=hinted, expedite=expedite)

    event(
        f"{'some day' if any(a for a, _ in answers) else 'no day'}, {'new supply' if any(n for _, n in answers) else 'none new'}"
    )


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=worlds.shops(), hinted=st.booleans(), expedite=st.booleans(), explains=st.booleans())
def test_the_engine_works_when_the_oracle_works(
    case: Record, hinted: bool, expedite: bool, explains: bool
) -> None:
    answers = _compared(case, "s0", 8, hinted=hinted, expedite=expedite, explains=explains)

    event(f"{sum(a for a, _ in answers)} of 8 days")


def _compared(
    case: Record, site: str, number: int, *, hinted: bool, expedite: bool, explains: bool = False
) -> list[tuple[bool, bool]]:
    """(covered, with something new) by day from today on, the same by both, who take the same for it."""
    world = World(case["kinds"], case["rules"], case["now"], expedite=expedite)
    graph = engine.graph_of(case["kinds"])
    rules = msgspec.convert(case["rules"], Rules)
    item, quantity = case["line"]["item"], case["line"]["quantity"]
    days = {name: today(record, case["now"]) for name, record in case["kinds"]["site"].items()}

    answers = []
    for on in range(days[site], days[site] + number):
        rows = engine.rows_of(case["rows"], days)
        trial = engine.trial_of(graph, case["rows"], case["kinds"], case["now"])
        ctp = Ctp(graph, trial, rules, case["now"], terms=frozenset(), expedite=expedite)
        if hinted:
            ctp.prepare(((item, site),))
        expected = cover(world, rows, quantity, item, site, on)
        found = ctp.cover(quantity, item, site, on, explains=explains)
        assert isinstance(found, Reply) == expected, f"day {on - days[site]}: the oracle says {expected}"
        assert _state(trial) == _rows(rows), f"day {on - days[site]}: they do not take the same"
        answers.append((expected, bool(expected and isinstance(found, Reply) and found.makes)))
    return answers


def _rows(rows: Rows) -> dict[str, tuple[int, dict[int, int]]]:
    """By key: all supply, and what is drawn by day."""
    keys = {*rows.supply, *rows.draws}
    found = {
        key: (sum(rows.supply[key].values()), {d: q for d, q in rows.draws[key].items() if q}) for key in keys
    }
    return {key: both for key, both in found.items() if both != (0, {})}


def _state(trial: Trial) -> dict[str, tuple[int, dict[int, int]]]:
    found = {}
    for key, state in trial._keys.items():
        draws: dict[int, int] = {}
        for day, _life, quantity in state.draws:
            on = max(day, state.today) if key.startswith("node:") else day
            draws[on] = draws.get(on, 0) + quantity
        found[key] = (sum(row[1] for row in state.supply), draws)
    for key, profile in trial._profiles.items():
        if key not in found and (profile.supply or profile.draws):
            draws = {}
            for day, _life, quantity in profile.draws:
                on = max(day, trial.today(key.rpartition("@")[2])) if key.startswith("node:") else day
                draws[on] = draws.get(on, 0) + quantity
            found[key] = (sum(row[1] for row in profile.supply), draws)
    return {key: both for key, both in found.items() if both != (0, {})}


def test_the_worlds_ask_everything() -> None:
    """A control on the worlds: they hold what can be answered from stock, by making, moving and buying, and what cannot."""
    seen: set[str] = set()

    @settings(max_examples=400, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=worlds.questions())
    def look(case: Record) -> None:
        world = World(case["kinds"], case["rules"], case["now"], expedite=True)
        days = {name: today(record, case["now"]) for name, record in case["kinds"]["site"].items()}
        for site in days:
            rows = engine.rows_of(case["rows"], days)
            before = rows.copy()
            item = case["line"]["item"]
            on = days[site] + 12
            if not cover(world, rows, case["line"]["quantity"], item, site, on):
                seen.add("refused")
            elif rows.supply == before.supply:
                seen.add("stock")
            else:
                key = node(item, site)
                below = [k for k in rows.draws if k != key and rows.draws[k] != before.draws[k]]
                seen.add("minutes" if any(k.startswith("resource:") for k in below) else "made or bought")
                both = [k for k in below if k.startswith("resource:")]
                if any(
                    set(rows.draws[a].items()) & set(rows.draws[b].items()) - set(before.draws[a].items())
                    for a, b in combinations(both, 2)
                ):
                    seen.add("several resources at once")
                if any(k.startswith("overtime:") for k in below):
                    seen.add("overtime")
                if any(k.startswith("supplier:") for k in below):
                    seen.add("a limited supplier")
                if sum(k.startswith("node:") for k in below) > 1:
                    seen.add("several levels or components")

    look()

    assert seen == {
        "refused", "stock", "minutes", "made or bought", "a limited supplier", "several levels or components",
        "several resources at once", "overtime",
    }  # fmt: skip
