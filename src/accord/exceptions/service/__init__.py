"""What happens when supply changes, in order? News is recorded, applied and judged in one transaction.

Every commitment that the news uncovers has an open exception when the transaction ends: that is invariant I2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from accord.db import audit, requests
from accord.db import events as db_events
from accord.db.engine import Database
from accord.db.events import Event
from accord.db.tx import Tx
from accord.exceptions.decide import Opening, apply_news, check, reach_of, unknown_names
from accord.exceptions.model import (
    DayRolled,
    Master,
    MasterStated,
    News,
    OpeningLine,
    Outcome,
    ReceiptArrived,
    ReceiptStated,
    Shipped,
)
from accord.kit.days import Day, iso
from accord.kit.digest import canonical, digest
from accord.kit.errors import AccordError, InputError, RequestChanged
from accord.kit.ids import new_id
from accord.ledger.decide.graph import Graph
from accord.ledger.model import Movement, OpenException
from accord.ledger.service import graphs, reads
from accord.ledger.service import news as ledger_news
from accord.ledger.service.books import Clock, Treatment
from accord.ledger.service.news import Foreseen, Sheets, Told, again, change, record_cause, to_roll
from accord.policy import service as policy
from accord.promise import service as promises


def supply_changed(
    db: Database,
    news: Sequence[News],
    *,
    actor: str,
    id: str,
    on_progress: Callable[[int], None] | None = None,
) -> Outcome:
    """What came of it, as `told` says it."""
    return told(db, news, actor=actor, id=id, on_progress=on_progress).outcome


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What came of news, and whether it was told before, so that nothing was done now."""

    outcome: Outcome
    is_repeat: bool


def told(
    db: Database,
    news: Sequence[News],
    *,
    actor: str,
    id: str,
    on_progress: Callable[[int], None] | None = None,
) -> Answered:
    """Record the news, apply it, judge every commitment it touches, open or close their exceptions: all or nothing.

    `id` is the caller's; the same id with the same news gives the same outcome again. Raises: InputError naming what in
    the news cannot be applied, RequestChanged when the id came with other news, Unavailable.
    """
    check(news)
    outcome: list[Answered] = []

    def work(tx: Tx) -> None:
        made, news_told = tell(tx, news, actor=actor, id=id, on_progress=on_progress)
        outcome[:] = [Answered(outcome=made, is_repeat=news_told is None)]

    again(db, work)
    return outcome[0]


def tell(
    tx: Tx,
    news: Sequence[News],
    *,
    actor: str,
    id: str,
    on_progress: Callable[[int], None] | None = None,
    body: bytes | None = None,
) -> tuple[Outcome, Told | None]:
    """The same inside a transaction of the caller's; with what the ledger told, unless it had been told before.

    `body` is what `checked` made of the news, where a hundred thousand of them should not be checked under the lock.
    Raises: Moved, too; the caller starts again with `again`.
    """
    body = checked(news) if body is None else body
    claimed = requests.claim(tx, [requests.Claim(id, digest(body), actor)])[id]
    if isinstance(claimed, requests.Changed):
        raise RequestChanged(f"News with id {id} was told before with other contents; use a new id.")
    if isinstance(claimed, requests.StoredReply):
        reply = claimed.reply or reads.outcome_of_news(tx, id)
        return msgspec.json.decode(reply, type=Outcome), None
    made, told = _tell(tx, news, body, actor=actor, id=id, on_progress=on_progress)
    requests.record_reply(tx, [requests.Reply(id=id, status=200, reply=canonical(made))])
    return made, told


def checked(news: Sequence[News]) -> bytes:
    """The news in canonical words. Raises: InputError naming what cannot be meant."""
    check(news)
    return canonical(list(news))


class Foresight(msgspec.Struct, frozen=True, kw_only=True):
    """What news would do."""

    foreseen: Foreseen
    ignored: tuple[str, ...]  # what would not be applied, and why
    openings: dict[str, OpeningLine]  # orders that it brings, by the commitment they would be
    graph: Graph  # the master data as it would be


def foresee(tx: Tx, news: Sequence[News]) -> Foresight:
    """What the news would do to commitments; judged on one snapshot by what judges it when it is told.

    Nothing is locked: promises do not wait. Raises: InputError as telling it would.
    """
    check(news)
    stated, ended = _masters(news)
    graph = graphs.foreseen(tx, stated, ended) if stated or ended else graphs.graph(tx)
    ground = _ground(tx, news, graph)
    ignored: list[str] = []
    openings: dict[str, OpeningLine] = {}

    def apply(sheets: Sheets, clock: Clock) -> None:
        made = apply_news(
            news, sheets, clock.today_of, ground.movements, ignored, now=clock.now, cause="cau_foreseen"
        )
        openings.update({one.commitment.id: one.line for one in made})

    found = ledger_news.foresee(tx, graph, ground.keys, ground.treatment, apply, closed=ground.shipped)
    return Foresight(foreseen=found, ignored=tuple(ignored), openings=openings, graph=graph)


class _Ground(msgspec.Struct, frozen=True):
    """What must be known before news is applied."""

    keys: tuple[str, ...]
    shipped: tuple[str, ...]  # commitments that it says left, whether they are open or not
    movements: Mapping[str, Sequence[Movement]]
    treatment: Treatment


def _ground(tx: Tx, news: Sequence[News], graph: Graph) -> _Ground:
    rules = policy.book(tx).rules
    errors = unknown_names(news, graph)
    if errors:
        raise InputError(errors[0].detail, errors=errors)
    nodes = reads.nodes_of_commitments(tx, sorted({n.commitment for n in news if isinstance(n, Shipped)}))
    named = {n.id for n in news if isinstance(n, ReceiptStated | ReceiptArrived)}
    named |= {n.cites for n in news if isinstance(n, ReceiptStated) and n.cites}
    reach = reach_of(news, graph, nodes, reads.keys_of_receipts(tx, sorted(named)))
    sites = [n.site for n in news if isinstance(n, DayRolled)]
    rolled = to_roll(tx, graph, sites, fence_days=rules.fence_days) if sites else frozenset[str]()
    return _Ground(
        keys=(*reach.keys, *rolled),
        shipped=tuple(sorted(nodes)),
        movements=reads.movements_since(tx, reach.counts),
        treatment=Treatment(late_receipt_days=rules.late_receipt_days, fence_days=rules.fence_days),
    )


def _tell(
    tx: Tx,
    news: Sequence[News],
    body: bytes,
    *,
    actor: str,
    id: str,
    on_progress: Callable[[int], None] | None,
) -> tuple[Outcome, Told]:
    cause = new_id("cau")
    stated, ended = _masters(news)
    graph = graphs.state_records(tx, stated, ended) if stated or ended else graphs.graph(tx)
    ground = _ground(tx, news, graph)
    ignored: list[str] = []
    openings: list[Opening] = []

    def apply(sheets: Sheets, clock: Clock) -> None:
        openings[:] = apply_news(
            news,
            sheets,
            clock.today_of,
            ground.movements,
            ignored,
            now=clock.now,
            cause=cause,
            on_progress=on_progress,
        )

    told: Told = change(tx, graph, ground.keys, ground.treatment, apply, cause=cause, closed=ground.shipped)
    promises.record_openings(
        tx,
        [
            (o.commitment, o.line.customer, o.line.ref, o.line.requested_on, o.line.price_minor)
            for o in openings
        ],
        actor=actor,
        request=id,
        now=told.now,
    )
    outcome = Outcome(
        cause=cause,
        applied=len(news) - len(ignored),
        ignored=tuple(ignored),
        opened=tuple(e.id for e in told.opened),
        closed=tuple(e.id for e in told.closed),
    )
    kind = type(news[0]).__name__ if news else "Nothing"
    record_cause(
        tx,
        told,
        kind=kind,
        body=canonical({"news": msgspec.Raw(body), "outcome": outcome}),
        actor=actor,
        news_id=id,
    )
    fact = canonical({"cause": cause, "id": id, "actor": actor, "digest": digest(body)})
    audit.append(tx, [audit.Entry(type="SupplyChanged", body=fact)])
    return outcome, told


def _masters(news: Sequence[News]) -> tuple[list[Master], list[tuple[str, str]]]:
    """Master data that is stated, each once, and what is ended."""
    masters = [n for n in news if isinstance(n, MasterStated)]
    stated = {id(m.record): m.record for m in masters if m.record is not None}
    return list(stated.values()), [m.ends for m in masters if m.ends is not None]


def midnights(db: Database) -> list[tuple[str, Day]]:
    """The sites whose local midnight passed since their day was last rolled, and which day it is there."""
    with db.read() as tx:
        graph, now = graphs.graph(tx), tx.now()
        today = {site: graph.today(site, now) for site in sorted(graph.sites)}
        told = reads.news_told(tx, [_roll_id(site, day) for site, day in today.items()])
    return [(site, day) for site, day in today.items() if _roll_id(site, day) not in told]


def roll_days(db: Database, *, actor: str = "accord") -> int:
    """Roll the day of every site whose midnight passed, each as news of its own; how many sites.

    The id of the news is that of site and day, so that of several processes one rolls and the others find it done.
    A site that cannot be rolled does not keep the others from it. Raises: what kept the last such site.
    """
    sites, kept = midnights(db), None
    for site, day in sites:
        try:
            supply_changed(db, [DayRolled(site=site)], actor=actor, id=_roll_id(site, day))
        except AccordError as error:
            kept = error
    if kept is not None:
        raise kept
    return len(sites)


def _roll_id(site: str, day: Day) -> str:
    return f"roll:{site}:{iso(day)}"


def open_exceptions(
    db: Database, *, after: str | None = None, limit: int = 50, open_only: bool = True
) -> tuple[list[OpenException], str | None]:
    """Exceptions, oldest first, and where the next page starts."""
    with db.read() as tx:
        return reads.exceptions(tx, after, limit, open_only)


def events(db: Database, *, after: int = 0, limit: int = 100) -> list[Event]:
    """What happened after a position, in order; nothing comes late. Raises: InputError when some of it was forgotten."""
    with db.read() as tx:
        return db_events.after(tx, after, limit)
