"""What a simulated life proves: nothing is oversold, on either store, whatever the clocks say; and what of it each mutant shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from tests import postgres

from accord.db.engine import Database
from accord.simulation.databases import empty, fresh
from accord.simulation.lives import live
from accord.simulation.mutants.known import MUTANTS
from accord.simulation.run import simulate
from prove.model import Outcome, Piece, Say, Sizes
from prove.streams import CONTROL_WORDS, streams, without_guard

_MUTANT_CHUNK = 10
# So many operations a mutant may take: on cold items few meet, and what must meet takes longer.
_MUTANT_OPS = {True: 8_000, False: 30_000}
_PAIRS = [(name, hot) for name in MUTANTS if name != "none" for hot in (True, False)]

# A little before clocks are changed in one of the zones or the other, and before 29 February.
_STARTS = [
    datetime(2027, 3, 13, 7, tzinfo=UTC),
    datetime(2027, 3, 27, 7, tzinfo=UTC),
    datetime(2027, 10, 30, 7, tzinfo=UTC),
    datetime(2027, 11, 6, 7, tzinfo=UTC),
    datetime(2028, 2, 27, 7, tzinfo=UTC),
]
_CLOCKS = {"clock_jumps": 25, "later": 12, "next_day": 6, "commit_expired_hold": 8, "hold": 16, "renew": 6}


# --- R1 ---


def _on_sqlite(count: int, seed: int, say: Say) -> Outcome:
    hot = bool(seed % 2)
    lived = live(count, seed, hot=hot, told=lambda ops, _found: _tell(say, ops))
    return Outcome(
        count=lived.ops, failures=lived.found, facts={f"{'hot' if hot else 'cold'} lives": lived.lives}
    )


def _on_postgresql(count: int, seed: int, say: Say) -> Outcome:
    with _server() as url:
        hot = bool(seed % 2)
        lived = live(count, seed, hot=hot, url=url, told=lambda ops, _found: _tell(say, ops))
    return Outcome(count=lived.ops, failures=lived.found, facts={f"{'hot' if hot else 'cold'} lives": 1})


def _due_day_only(seed: int, _say: Say) -> Outcome:
    lived = live(5_000, seed, mutant="M8 without gate and CHECK")
    return Outcome(count=lived.ops, failures=lived.found)


def _due_day_only_on_postgresql(seed: int, _say: Say) -> Outcome:
    with _server() as url:
        lived = live(5_000, seed, mutant="M8 without gate and CHECK", url=url)
    return Outcome(count=lived.ops, failures=lived.found)


def _mutants(count: int, seed: int, say: Say) -> Outcome:
    failures, facts = [], {"operations until noticed": 0}
    for place in range(count):
        name, hot = _PAIRS[(seed * _MUTANT_CHUNK + place) % len(_PAIRS)]
        found, ops = _noticed(name, hot=hot, seed=seed)
        say(f"{name}, {'hot' if hot else 'cold'}: {f'noticed after {ops:,}' if found else 'NOT noticed'}")
        facts["operations until noticed"] += ops
        if not found:
            failures.append(
                f"mutant {name} was not noticed on {'hot' if hot else 'cold'} items in {ops:,} operations, seed {seed}"
            )
    return Outcome(count=count, failures=tuple(failures), facts=facts)


def _noticed(name: str, *, hot: bool, seed: int, ops: int = 0) -> tuple[bool, int]:
    lived = live(ops or _MUTANT_OPS[hot], seed, hot=hot, mutant=name)
    return bool(lived.found), lived.ops


def _nothing_broken(seed: int, _say: Say) -> Outcome:
    found, ops = _noticed("none", hot=True, seed=seed, ops=300)
    words = f"a mutant that breaks nothing was not noticed in {ops:,} operations, seed {seed}"
    return Outcome(count=1, failures=() if found else (words,))


# --- R12 ---


def _clocks(count: int, seed: int, _say: Say) -> Outcome:
    found: list[str] = []
    with fresh() as db:
        found += _skewed(db, count, seed, None)
    with _server() as url, empty(url) as db:
        found += _skewed(db, count, seed, None)
    return Outcome(count=count, failures=tuple(found), facts={"operations, both stores": 2 * count})


def _app_clock(seed: int, _say: Say) -> Outcome:
    with fresh() as db:
        found = _skewed(db, 1_500, seed, "M10")
    return Outcome(count=1, failures=tuple(found))


def _skewed(db: Database, count: int, seed: int, mutant: str | None) -> list[str]:
    start = _STARTS[seed % len(_STARTS)]
    report = simulate(
        db,
        count,
        seed,
        hot=True,
        start=int(start.timestamp()) * 1_000_000,
        weights=_CLOCKS,
        mutant=mutant,
        violations_max=20 if mutant is None else 1,
    )
    return [f"from {start:%Y-%m-%d} on {db.dialect}: {words}" for words in report.violations]


@contextmanager
def _server() -> Iterator[str]:
    with postgres.server() as server, postgres.database(server) as url:
        yield url


def _tell(say: Say, ops: int) -> None:
    if ops and ops % 10_000 == 0:
        say(f"{ops:,} operations")


_AUDITED = (
    "After every step an auditor that shares no code with it judges the rows: no day below zero by a decision, every "
    "commitment covered or an exception, sums, owners, shares, limits, approvals, bills, and whether what was acknowledged is there."
)
_LIFE = (
    "Random requests, holds, orders, amendments, cancels, approvals, shipments, counts, slips, cuts, midnights, processes that die "
    "before and after the commit, repeats, others who come in between, clocks that jump."
)
_DUE_DAY = "Only the due day is looked at, and neither gate nor CHECK stands behind it."

PIECES: tuple[Piece, ...] = (
    Piece(
        id="R1-sqlite",
        claim="Nothing is promised that is not there, on SQLite, in any life.",
        fault=f"{_LIFE} {_AUDITED} Goes with an odd seed live on 5 items that all want, those with an even one on 300.",
        unit="operations",
        sizes=Sizes(test=250, prove=1_000_000, release=20_000_000),
        chunk=50_000,
        run=_on_sqlite,
        control=_due_day_only,
        control_words=_DUE_DAY,
        not_covered="Two processes at once: others come in between only where a transaction ends, as with SQLite's one writer.",
    ),
    Piece(
        id="R1-postgresql",
        claim="Nothing is promised that is not there, on PostgreSQL, in any life.",
        fault=f"{_LIFE} {_AUDITED}",
        unit="operations",
        sizes=Sizes(test=150, prove=200_000, release=4_000_000),
        chunk=20_000,
        run=_on_postgresql,
        control=_due_day_only_on_postgresql,
        control_words=_DUE_DAY,
        is_slow=True,
        not_covered="Two processes at once: one process lives, and others come in between where a transaction ends.",
    ),
    Piece(
        id="R1-mutants",
        claim="Each guard that is broken on purpose is noticed, on 5 items that all want and on 300.",
        fault="One guard after the other is broken (`accord simulate --mutant list`), and a life is lived until somebody notices.",
        unit="mutants",
        sizes=Sizes(test=4, prove=len(_PAIRS), release=10 * len(_PAIRS)),
        chunk=_MUTANT_CHUNK,
        run=_mutants,
        control=_nothing_broken,
        control_words="The mutant breaks nothing, so nobody may notice it, and this is reported as a failure.",
        is_slow=True,
    ),
    Piece(
        id="R12-clocks",
        claim="Clocks that are wrong, jump or are changed, and 29 February, let nothing be sold twice or a hold end at another moment.",
        fault="The application's clock jumps by up to a day either way, lives begin before clocks are changed or before 29 February.",
        unit="operations",
        sizes=Sizes(test=120, prove=5_000, release=100_000),
        chunk=1_000,
        run=_clocks,
        control=_app_clock,
        control_words="The application's clock says when a hold is over.",
        is_slow=True,
        not_covered="A database server whose own clock goes back: its time is what counts, and never less than what it stored.",
    ),
    Piece(
        id="R13-news",
        claim="News that comes twice, late, in another order or in pieces ends in the same supply, commitments and exceptions.",
        fault="The same stream is told to two items, to one as it happened, to the other shuffled, repeated and in pieces.",
        unit="streams",
        sizes=Sizes(test=12, prove=20_000, release=500_000),
        chunk=250,
        run=streams,
        control=without_guard,
        control_words=CONTROL_WORDS,
        not_covered="Statements about one receipt carry no number of their own: their order is the feed's, and is kept here.",
    ),
)
