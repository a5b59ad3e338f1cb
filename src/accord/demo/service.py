"""How does the demo company get into a database, and how is its morning promised?

Everything goes through the services that real systems use. A database that holds the demo is marked as such from the
first step on: loading again does nothing, a load that was cut off is finished, and no other company's data is touched.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import msgspec
import sqlalchemy as sa

from accord.db import migrations
from accord.db.engine import Database
from accord.demo import story
from accord.demo.company import HOME, Company, company
from accord.demo.people import ACTOR
from accord.exceptions import service as exceptions
from accord.kit.days import Day, date_of, day_of, iso, local_day
from accord.kit.errors import AccordError, Conflict
from accord.ledger.service import graphs
from accord.policy import service as policy
from accord.policy.model import Customer
from accord.promise import service as promises
from accord.promise.model import Decision

Report = Callable[[int, int], None]  # done, of how many

_MARK = "demo"


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Which demo company a database holds."""

    seed: int
    today: Day  # the day it was made for
    is_new: bool  # whether this call loaded it

    @property
    def sentence(self) -> str:
        """What there is, for people."""
        made = "Loaded" if self.is_new else "Found"
        return f"{made} Halden Pumps as of {date_of(self.today):%A, %d %B %Y} (seed {self.seed})."

    @property
    def question(self) -> str:
        """The story's request in plain words: what to ask first."""
        asked_on = iso(story.dates(self.today).asked_on)
        return f"{story.QUANTITY} {story.ITEM} by {asked_on} for {story.CUSTOMER} at 18.50"


class _Mark(msgspec.Struct, frozen=True):
    """What the setting `demo` says."""

    seed: int
    today: str
    whole: bool  # False while it is being loaded


def load(db: Database, *, seed: int = 7, on_progress: Report | None = None) -> Loaded:
    """Load the company of a seed as of today; where it is already, nothing is changed.

    Raises: Conflict when the database holds the demo of another seed, or anything that is not the demo.
    """
    migrations.upgrade(db)
    mark, is_new = _claim(db, seed)
    made = company(mark.seed, day_of(mark.today))
    if not mark.whole:
        _tell(db, made, on_progress)
        _set(db, msgspec.structs.replace(mark, whole=True))
    return Loaded(seed=mark.seed, today=made.today, is_new=is_new)


def morning(db: Database, on_progress: Report | None = None) -> list[Decision]:
    """Promise the morning's requests in their order, each by the seller of its customer; asked again, what was held or committed answers the same.

    Raises: Conflict when the demo is not loaded.
    """
    mark = _mark(db)
    if mark is None or not mark.whole:
        raise Conflict("The demo is not loaded here. Run accord demo first.", code="demo_not_loaded")
    made = company(mark.seed, day_of(mark.today))
    requests = made.morning
    sellers = {one.id: one.seller for one in made.policy if isinstance(one, Customer)}
    decisions: list[Decision] = []
    for seller, theirs in groupby(requests, key=lambda one: sellers.get(one.customer or "", "") or ACTOR):
        for answer in promises.promise(db, list(theirs), actor=seller):
            if isinstance(answer, AccordError):
                raise answer
            decisions.append(answer)
        if on_progress is not None:
            on_progress(len(decisions), len(requests))
    return decisions


def reset(db: Database) -> None:
    """Take the demo out of its database, with all that was promised on it; the database must be opened anew afterwards.

    Raises: Conflict when it holds anything that is not the demo.
    """
    if migrations.current(db) is None:
        return
    if _mark(db) is None:
        if not _is_empty(db):
            raise _other_company()
        return
    with db.write() as tx:
        # As the database describes them: a database is Accord's alone, and parts that are not loaded have tables too.
        tables = sa.MetaData()
        tables.reflect(tx.connection)
        tables.drop_all(tx.connection)


def today(db: Database) -> Day | None:
    """The day the demo in this database was made for; None where there is none."""
    mark = _mark(db)
    return day_of(mark.today) if mark is not None else None


# --- the mark --------------------------------------------------------------------------------------


def _claim(db: Database, seed: int) -> tuple[_Mark, bool]:
    """The mark in force, set first where the database is empty; and whether loading is still to be done."""
    mark = _mark(db)
    if mark is None:
        if not _is_empty(db):
            raise _other_company()
        with db.read() as tx:
            mark = _Mark(seed=seed, today=iso(local_day(tx.now(), HOME)), whole=False)
        _set(db, mark)
    if mark.seed != seed:
        raise Conflict(
            f"This database holds the demo company of seed {mark.seed}, not {seed}. Run accord demo --reset to make it anew.",
            code="other_demo",
        )
    return mark, not mark.whole


def _mark(db: Database) -> _Mark | None:
    with db.read() as tx:
        # One row of the settings, by primary key.
        found = tx.rows("SELECT value FROM setting WHERE name = :name", name=_MARK)
    return msgspec.json.decode(found[0][0], type=_Mark) if found else None


def _set(db: Database, mark: _Mark) -> None:
    with db.write() as tx:
        # One row of the settings, by primary key.
        tx.execute(
            "INSERT INTO setting (name, value) VALUES (:name, :value)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name=_MARK,
            value=msgspec.json.encode(mark).decode(),
        )


def _is_empty(db: Database) -> bool:
    with db.read() as tx:
        return graphs.graph(tx).version == 0 and policy.book(tx).version == 0


def _other_company() -> Conflict:
    detail = "This database holds data that is not the demo's. Name another one with --db, or leave it out."
    return Conflict(detail, code="not_the_demo")


# --- loading ---------------------------------------------------------------------------------------


def _tell(db: Database, made: Company, on_progress: Report | None) -> None:
    """Tell Accord what the company's systems know, in the order in which it must be known."""
    total = len(made.policy) + 1 + len(made.news) + len(made.past)
    done = 0

    def step(count: int) -> None:
        nonlocal done
        done += count
        if on_progress is not None:
            on_progress(done, total)

    name = f"demo-{made.seed}-{iso(made.today)}"
    policy.put(db, made.policy, actor=ACTOR, id=f"{name}-policy")
    step(len(made.policy))
    policy.state(db, made.rights, id=f"{name}-rights", actor=ACTOR)
    step(1)
    exceptions.supply_changed(db, made.news, actor=ACTOR, id=f"{name}-news", on_progress=step)
    exceptions.supply_changed(db, made.past, actor=ACTOR, id=f"{name}-history", on_progress=step)
