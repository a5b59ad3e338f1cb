"""What does the ledger show of supply: every node in a line, one node in full?

Reads of one snapshot; nothing is locked. What was held until a moment that has come is left out, as the gate would give it
back before it decides. However many nodes there are, the number of statements is the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from accord.db.engine import Database
from accord.kit.days import Day, Instant
from accord.kit.errors import InputError
from accord.ledger import store
from accord.ledger.decide import gate
from accord.ledger.decide.coverage import Peg, pegs_at_node
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.outlook import (
    Entry,
    Level,
    Outlook,
    entries,
    is_over,
    levels,
    outlook,
    tightness,
)
from accord.ledger.decide.trial import Trial
from accord.ledger.model import (
    Allocation,
    Commitment,
    Draw,
    OpenException,
    Profile,
    Supply,
    Why,
    allocation_key,
    node_key,
    node_of,
)
from accord.ledger.service.books import Clock
from accord.ledger.service.graphs import graph as read_graph
from accord.ledger.service.settled import settled

NODES_MAX = 50_000  # looked at for one list
_Place = tuple[tuple[int, int, int], str, str]


class NodeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One node in the list."""

    item: str
    site: str
    today: Day
    outlook: Outlook
    exceptions: int  # open ones

    @property
    def place(self) -> _Place:
        """Where it stands in the list, the tightest first."""
        return (tightness(self.outlook), self.item, self.site)


class NodeList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of nodes, the tightest first."""

    rows: tuple[NodeLine, ...]
    following: str | None  # where the next page starts
    count: int  # of all pages
    short: int  # how many of them are short
    all: int  # however it is narrowed
    graph: Graph
    now: Instant


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One allocation and what became of it."""

    allocation: Allocation
    used: int
    left: int  # not below zero; 0 once its release day has come
    draws: tuple[Draw, ...]
    is_released: bool


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """How the receipts of a node that are over kept the day that was first stated for them."""

    over: int
    kept: int
    late: int
    late_days_max: int


class NodeSheet(msgspec.Struct, frozen=True, kw_only=True):
    """One node in full."""

    item: str
    site: str
    today: Day
    now: Instant
    graph: Graph
    outlook: Outlook
    elsewhere: Mapping[str, Outlook]  # the item at the other sites where there is any, or can be, by site
    open_to_all: int  # of what can be promised now, what is set aside for nobody
    levels: tuple[Level, ...]
    entries: tuple[Entry, ...]
    not_counted: tuple[Supply, ...]  # there or expected, and no part of any number above
    first_due: Mapping[str, Day]  # of receipts: the day that was stated first, by id
    commitments: Mapping[str, Commitment]  # open ones, by id
    shares: tuple[Share, ...]
    exceptions: tuple[OpenException, ...]
    kept: Kept
    pegs: tuple[Peg, ...]  # what covers each commitment and need, as things are
    uncovered: Mapping[str, int]  # draws that nothing covers: what each is short


def nodes(
    db: Database, *, words: str = "", item: str | None = None, after: str | None = None, limit: int = 50
) -> NodeList:
    """A page of nodes, the tightest first: of one item, or of those whose item or site every word is a part of.

    Raises: InputError for an `after` that is none.
    """
    with db.read() as tx:
        graph, now = read_graph(tx), tx.now()
        known = settled(tx, {p.key: p for p in store.nodes(tx, NODES_MAX)}, now)
        excepted = store.open_exception_counts(tx)
    clock = Clock(graph, now)
    every = [key for key in {*known, *_supplied(graph)} if _is_shown(known.get(key), key, graph)]
    lines = sorted(
        (
            _line(known.get(key) or Profile(key=key), clock, excepted.get(key, 0))
            for key in every
            if _is_meant(key, graph, words, item)
        ),
        key=lambda line: line.place,
    )
    start = bisect_right(lines, _place_of(after), key=lambda line: line.place) if after else 0
    shown = lines[start : start + limit]
    following = _cursor(shown[-1].place) if start + limit < len(lines) else None
    return NodeList(
        rows=tuple(shown), following=following, count=len(lines), short=sum(line.outlook.short_on is not None for line in lines), all=len(every), graph=graph, now=now
    )  # fmt: skip


def node_sheet(db: Database, item: str, site: str) -> NodeSheet:
    """One node in full; of an item or site that nobody stated it is empty."""
    key = node_key(item, site)
    with db.read() as tx:
        graph, now = read_graph(tx), tx.now()
        allocations = graph.allocations_on(key)
        keys = [key, *(allocation_key(a.id) for a in allocations)]
        supplies, draws = store.supplies(tx, [key]), store.draws(tx, keys)
        commitments = store.open_commitments(tx, [key])
        exceptions = store.open_exceptions(tx, [key])
        past = store.receipts_of_the_past(tx, key)
        others = [node_key(item, other) for other in graph.sites_in_order if other != site]
        known = settled(tx, store.read(tx, others), now)
    clock = Clock(graph, now)
    today = clock.today_of(key)
    supplies = [one for one in supplies if not is_over(one, now)]
    by_key: dict[str, list[Draw]] = {one: [] for one in keys}
    for draw in draws:
        if not is_over(draw, now):
            by_key[draw.key].append(draw)
    profiles = {
        one: gate.folded(Profile(key=one), supplies if one == key else (), by_key[one], version=0, now=0)
        for one in keys
    }
    found = entries(supplies, by_key[key], today, now)
    pegs, uncovered = pegs_at_node(supplies, by_key[key], today)
    return NodeSheet(
        item=item,
        site=site,
        today=today,
        now=now,
        graph=graph,
        outlook=outlook(profiles[key], today),
        elsewhere={
            node_of(other)[1]: outlook(known[other], clock.today_of(other))
            for other in others
            if _is_shown(known[other], other, graph)
        },
        open_to_all=Trial(graph, profiles, clock.today, clock.default_today).atp(key, today),
        levels=levels(found, profiles[key], today),
        entries=found,
        not_counted=tuple(s for s in supplies if s.counts is not Why.counted and s.quantity),
        first_due=_first_due(past),
        commitments={c.id: c for c in commitments},
        shares=tuple(_share(a, by_key[allocation_key(a.id)], today) for a in allocations),
        exceptions=tuple(exceptions),
        kept=_kept(past),
        pegs=pegs,
        uncovered=uncovered,
    )


def _line(profile: Profile, clock: Clock, exceptions: int) -> NodeLine:
    item, site = node_of(profile.key)
    today = clock.today_of(profile.key)
    return NodeLine(item=item, site=site, today=today, outlook=outlook(profile, today), exceptions=exceptions)


def _supplied(graph: Graph) -> Iterable[str]:
    """Nodes for which there is a way to make, move or buy: they are looked at even where nothing is there."""
    return (node_key(item, site) for item, site in graph.supplied())


def _is_shown(profile: Profile | None, key: str, graph: Graph) -> bool:
    """A node that was only looked at once has a key, too; it is shown when something is there or can come."""
    if profile is not None and (profile.supply or profile.draws):
        return True
    return bool(graph.sources_for(*node_of(key)))


def _is_meant(key: str, graph: Graph, words: str, only: str | None) -> bool:
    item, site = node_of(key)
    if only is not None:
        return item == only
    if not words:
        return True
    record, place = graph.items.get(item), graph.sites.get(site)
    text = f"{item} {record.name if record else ''} {site} {place.name if place else ''}".casefold()
    return all(word in text for word in words.casefold().split())


def _cursor(place: _Place) -> str:
    return msgspec.json.encode(place).hex()


def _place_of(after: str) -> _Place:
    try:
        found: _Place = msgspec.json.decode(bytes.fromhex(after), type=_Place)
    except (ValueError, msgspec.DecodeError):
        detail = "This is no place in the list of supply. Begin again at its start."
        raise InputError.at("after", "unknown_cursor", detail) from None
    return found


def _share(allocation: Allocation, draws: Sequence[Draw], today: Day) -> Share:
    used = sum(draw.quantity for draw in draws)
    is_released = (allocation.release_on or allocation.until_on) <= today
    return Share(
        allocation=allocation,
        used=used,
        left=0 if is_released else max(0, allocation.quantity - used),
        draws=tuple(sorted(draws, key=lambda d: (d.on, d.id))),
        is_released=is_released,
    )


def _first_due(past: Iterable[store.Past]) -> dict[str, Day]:
    found: dict[str, Day] = {}
    for row in past:
        found.setdefault(row.id, row.due_on)
    return found


def _kept(past: Iterable[store.Past]) -> Kept:
    """Over are receipts of which no version is in force; late, whose last day was after the first, or overdue at the end."""
    first: dict[str, store.Past] = {}
    last: dict[str, store.Past] = {}
    for row in past:
        first.setdefault(row.id, row)
        last[row.id] = row
    over = [id for id, row in last.items() if row.is_over]
    late = {
        id: last[id].on - first[id].due_on
        for id in over
        if last[id].on > first[id].due_on or last[id].counts == Why.late.value
    }
    return Kept(
        over=len(over),
        kept=len(over) - len(late),
        late=len(late),
        late_days_max=max(late.values(), default=0),
    )
