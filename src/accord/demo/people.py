"""Who works at Halden Pumps, and may be looked at from behind the desk of?

Their names are those of the rights file. None of them has a password: only the demo's own page lets somebody be one
of them.
"""

from __future__ import annotations

import msgspec

from accord.db.engine import Database
from accord.web.access.authority import (
    ADMINISTRATOR,
    EXECUTIVE,
    PLANNER,
    SALES_MANAGER,
    SELLER,
    SERVICE,
    SUPPLY_LEAD,
)
from accord.web.people import accounts, teams
from accord.web.people.accounts import key_of

ACTOR = "demo"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the company."""

    name: str
    role: str
    team: str = ""
    does: str = ""  # in one sentence; "" = not among those whom the first page offers


ANNA, BRUNO, MIA = "Anna Lund", "Bruno Faure", "Mia Berg"

PEOPLE = (
    Person(name=ANNA, role=SELLER, team="north", does="Promises pumps to Northwind, in seconds and without asking around."),
    Person(name=BRUNO, role=SELLER, team="south", does="Wants the same pumps a moment later, for a customer of his own."),
    Person(name="Celina Nowak", role=SELLER, team="east"),
    Person(name="David Hale", role=SELLER, team="north"),
    Person(name=MIA, role=SALES_MANAGER, does="Agrees to a price below the floor, or does not, on one screen."),
    Person(name="Max Roth", role=SALES_MANAGER),
    Person(name="Sara Lind", role=SERVICE, does="Tells any customer where an order stands and what can be done."),
    Person(name="Piotr Wrona", role=PLANNER, does="Sees what is at risk, tells supply news and brings files in."),
    Person(name="Karin Dahl", role=SUPPLY_LEAD, does="Answers for what there is, and frees what is held for nobody."),
    Person(name="Dana Holt", role=EXECUTIVE, does="Decides what a manager may not, and reads the record."),
    Person(name="Ola Nes", role=ADMINISTRATOR, does="Looks after people, teams and keys, and sees no business."),
)  # fmt: skip

MANAGERS = {"north": MIA, "south": MIA, "east": "Max Roth"}


def settle(db: Database) -> None:
    """Make the accounts and teams; those that are there stay as they are."""
    known = {key_of(one.name) for one in accounts.listed(db)}
    for person in PEOPLE:
        if key_of(person.name) not in known:
            accounts.add(db, person.name, [person.role], by=ACTOR)
    there = {one.name for one in teams.listed(db)}
    for team, manager in MANAGERS.items():
        if team not in there:
            people = [one.name for one in PEOPLE if one.team == team]
            teams.arrange(db, team, by=ACTOR, added=people, manager=manager)
