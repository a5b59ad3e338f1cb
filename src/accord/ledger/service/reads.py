"""What does the ledger say to those who only look?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Day, Instant, local_day
from accord.kit.errors import NotFound
from accord.ledger import store
from accord.ledger.decide.gate import folded
from accord.ledger.decide.outlook import free
from accord.ledger.decide.projection import Projection, deltas_of
from accord.ledger.decide.trial import Trial
from accord.ledger.model import Commitment, Draw, Movement, OpenException, Profile, State, Supply, node_key
from accord.ledger.service.books import Clock
from accord.ledger.service.graphs import graph as read_graph
from accord.ledger.service.settled import settled


class Step(msgspec.Struct, frozen=True):
    """A day on which a node changes."""

    on: Day
    projected: int  # supply minus draws up to the end of this day
    available: int  # look-ahead ATP for this day


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """One node as people look at it."""

    item: str
    site: str
    today: Day
    as_of: Instant
    version: int
    steps: tuple[Step, ...]
    supplies: tuple[Supply, ...]
    commitments: tuple[Commitment, ...]


def nodes_of_commitments(tx: Tx, ids: Sequence[str]) -> dict[str, str]:
    """The node each of these commitments leaves from; unknown ones are left out."""
    return {c.id: c.key for c in store.commitments_named(tx, ids)}


def promises_of_commitments(tx: Tx, ids: Sequence[str]) -> dict[str, str]:
    """The promise of each of these commitments; unknown ones are left out."""
    return {c.id: c.promise for c in store.commitments_named(tx, ids)}


def commitments_of(tx: Tx, promises: Sequence[str]) -> list[Commitment]:
    """The commitments of these promises, in force."""
    return store.commitments_of_promises(tx, promises)


def draws_of(tx: Tx, promises: Sequence[str]) -> list[Draw]:
    """Everything these promises draw, what their proposed receipts draw included."""
    return store.draws_of_promises(tx, promises)


def supplies_proposed_by(tx: Tx, promises: Sequence[str]) -> list[Supply]:
    """The receipts that these promises proposed, as far as they are still expected."""
    return store.supplies_proposed_by(tx, promises)


def keys_of_receipts(tx: Tx, ids: Sequence[str]) -> dict[str, list[str]]:
    """The nodes at which each of these receipts is expected, and the keys on which it draws."""
    found: dict[str, list[str]] = {}
    for supply in store.receipts_named(tx, ids):
        found.setdefault(supply.id, []).append(supply.key)
    for draw in store.draws_of_owners(tx, ids):
        found.setdefault(draw.owner, []).append(draw.key)
    return found


def movements_since(tx: Tx, counts: Sequence[tuple[str, Instant]]) -> dict[str, list[Movement]]:
    """The movements at each of these keys after the moment given with it."""
    found: dict[str, list[Movement]] = {}
    for movement in store.movements_after(tx, counts):
        found.setdefault(movement.key, []).append(movement)
    return found


def outcome_of_news(tx: Tx, news_id: str) -> bytes:
    """The outcome that was given for this news, from the fact itself. Raises: NotFound."""
    cause = store.cause_of_news(tx, news_id)
    if cause is None:
        raise NotFound(f"No news with id {news_id} was told.")
    return bytes(msgspec.json.decode(cause.body, type=dict[str, msgspec.Raw])["outcome"])


def drawn_of(tx: Tx, keys: Sequence[str]) -> dict[str, int]:
    """How much is drawn on each of these keys over all days, holds that are over and not yet tidied included."""
    return {
        key: sum(quantity for _on, _life, quantity in profile.draws)
        for key, profile in store.read(tx, keys).items()
    }


def news_told(tx: Tx, news_ids: Sequence[str]) -> set[str]:
    """Which of these ids news was told under."""
    return store.news_told(tx, news_ids)


def exceptions(
    tx: Tx, after: str | None, limit: int, open_only: bool
) -> tuple[list[OpenException], str | None]:
    """A page of exceptions, oldest first, and where the next page starts."""
    rows = store.list_exceptions(tx, after or "", limit + 1, open_only=open_only)
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def late_or_uncovered(tx: Tx, commitments: Sequence[Commitment]) -> dict[str, str]:
    """Which of these commitments were not kept as they stood, and how: they were uncovered once, left late, or are overdue."""
    ids = [c.id for c in commitments]
    excepted, left = store.ever_excepted(tx, ids), store.last_left(tx, ids)
    graph, now = read_graph(tx), tx.now()
    found: dict[str, str] = {}
    for c in commitments:
        zone = graph.sites[c.site].zone if c.site in graph.sites else "UTC"
        if c.id in left and c.state is State.fulfilled:
            if local_day(left[c.id], zone) > c.ship_on:
                found[c.id] = "it left late"
        elif c.state is State.committed and c.ship_on < local_day(now, zone):
            found[c.id] = "it is overdue"
        if c.id not in found and c.id in excepted:
            found[c.id] = "supply did not cover it"
    return found


def node(tx: Tx, item: str, site: str) -> NodeView:
    """One node: its steps, supplies and commitments. Raises: NotFound for an unknown item or site."""
    graph = read_graph(tx)
    if item not in graph.items:
        raise NotFound(f"There is no item {item}.")
    if site not in graph.sites:
        raise NotFound(f"There is no site {site}.")
    key = node_key(item, site)
    profile = store.read(tx, [key])[key]
    clock = Clock(graph, max(tx.now(), profile.latest_at))
    profile = settled(tx, {key: profile}, clock.now)[key]
    today = clock.today_of(key)
    supplies, commitments = store.node_detail(tx, key)
    return NodeView(
        item=item,
        site=site,
        today=today,
        as_of=clock.now,
        version=profile.version,
        steps=steps(profile, today),
        supplies=tuple(supplies),
        commitments=tuple(commitments),
    )


def steps(profile: Profile, today: Day) -> tuple[Step, ...]:
    """The days on which a profile changes, with projection and look-ahead ATP: of lots no more than lasts for later draws."""
    projection = Projection(deltas_of(profile, today))
    return tuple(
        Step(day, projection.level(day), free(projection, profile, today, day)) for day in projection.days
    )


def available(tx: Tx, item: str, site: str, on: Day, *, life_days: int = 0) -> int:
    """Look-ahead ATP of a node for a day, nobody's shares set aside."""
    graph = read_graph(tx)
    key = node_key(item, site)
    profile = store.read(tx, [key])[key]
    clock = Clock(graph, max(tx.now(), profile.latest_at))
    profiles = {key: profile, **store.read(tx, [f"allocation:{a.id}" for a in graph.allocations_on(key)])}
    return Trial(graph, profiles, clock.today, clock.default_today).atp(key, on, life_days=life_days)


def supplies_of(tx: Tx, keys: Sequence[str]) -> list[Supply]:
    """The supply in force at these nodes."""
    return store.supplies(tx, keys)


def rows_of(tx: Tx, keys: Sequence[str]) -> tuple[list[Supply], list[Draw], list[Commitment]]:
    """Every row in force on these keys."""
    return store.supplies(tx, keys), store.draws(tx, keys), store.commitments(tx, keys)


def rows_at(tx: Tx, versions: Sequence[tuple[str, int]]) -> tuple[list[Supply], list[Draw], list[Commitment]]:
    """Every row that was in force at these (key, version) pairs."""
    return store.supplies_at(tx, versions), store.draws_at(tx, versions), store.commitments_at(tx, versions)


def profiles_at(tx: Tx, versions: Sequence[tuple[str, int]]) -> dict[str, Profile]:
    """The profiles as decisions saw them, rebuilt from the rows that were in force at these versions."""
    supplies, draws, _commitments = rows_at(tx, versions)
    return {
        key: folded(
            Profile(key=key),
            [s for s in supplies if s.key == key],
            [d for d in draws if d.key == key],
            version=version,
            now=0,
        )
        for key, version in versions
    }


def open_exceptions_on(tx: Tx, keys: Sequence[str]) -> list[OpenException]:
    """The open exceptions of commitments at these nodes."""
    return store.open_exceptions(tx, keys)


def keys_expiring(tx: Tx, now: Instant, limit: int) -> list[str]:
    """Keys on which a hold is over and its draws were not given back yet."""
    return store.keys_expiring(tx, now, limit)


def promises_with_receipts(tx: Tx) -> list[str]:
    """The promises that proposed receipts which are still expected."""
    return store.proposers(tx)


def keys_in_use(tx: Tx) -> list[str]:
    """Keys with supply or draws in force, in key order."""
    return store.keys_in_use(tx)


def short_keys(tx: Tx) -> list[str]:
    """Every key that supply news has pushed below zero, in key order."""
    return store.short_keys(tx)
