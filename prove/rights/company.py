"""Which rights are attacked, and by whom? Stated once as the file that people write, and once in plain numbers for the auditor.

There is so much of the one item that supply never says no: whatever is refused is refused by rights.
"""

from __future__ import annotations

import msgspec

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import supply_changed
from accord.kit.days import Day
from accord.ledger.model import Item, Site
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy import words
from accord.policy.model import Customer, Price, Tier

ITEM, SITE = "X", "Halden"
LIST_MINOR, FLOOR_MINOR, COST_MINOR = 2_000, 1_500, 1_200
A_DAY = 86_400

# Two editions: each tightens what the other gives.
_FILE = """
zone = "Europe/Oslo"

[rules]
approval_seconds = 14400
hold_renewals_max = 2

[[right]]
id = "agent-hold"
role = "agent"
verbs = "hold"
quantity_max = {agent_hold}
then = "allow"
[[right]]
id = "agent-commit"
role = "agent"
verbs = ["commit", "amend"]
quantity_max = {agent_commit}
then = "allow"
[[right]]
id = "seller-hold"
role = "seller"
verbs = "hold"
quantity_max = {seller_hold}
then = "allow"
[[right]]
id = "seller-commit"
role = "seller"
verbs = ["commit", "amend"]
quantity_max = {seller_commit}
then = "allow"
[[right]]
id = "manager"
role = "manager"
quantity_max = {manager_commit}
below_floor = true
then = "allow"
[[right]]
id = "director"
role = "director"
below_floor = true
then = "allow"
[[right]]
id = "ends"
verbs = ["release", "cancel"]
then = "allow"
below_floor = true
[[right]]
id = "agent-more"
role = "agent"
below_floor = true
then = "ask manager"
[[right]]
id = "seller-more"
role = "seller"
below_floor = true
then = "ask manager"
[[right]]
id = "manager-more"
role = "manager"
below_floor = true
then = "ask director"

[[limit]]
id = "agent-day"
role = "agent"
of = "quantity"
over = "customer"
period = "day"
most = {agent_day}
then = "ask manager"
[[limit]]
id = "seller-day"
role = "seller"
of = "quantity"
over = "customer"
period = "day"
most = {seller_day}
then = "ask manager"
[[limit]]
id = "seller-week"
role = "seller"
of = "value"
over = "customer"
period = "week"
most = "{seller_week}"
then = "deny"
[[limit]]
id = "manager-day"
role = "manager"
of = "quantity"
over = "customer"
period = "day"
most = {manager_day}
then = "ask director"
[[limit]]
id = "all-month"
of = "quantity"
over = "customer"
period = "month"
most = {all_month}
then = "ask director"
"""

# (actor, role, person): some people have several keys, in one role or in several.
ACTORS = (
    ("bot", "agent", "ops"), ("bot two", "agent", "ops"), ("ops in charge", "manager", "ops"),
    ("sam", "seller", "sam"), ("sue", "seller", "sue"), ("sam at home", "seller", "sam"), ("sam in charge", "manager", "sam"),
    ("mia", "manager", "mia"), ("max", "manager", "max"), ("mia upstairs", "director", "mia"),
    ("dan", "director", "dan"), ("dee", "director", "dee"),
)  # fmt: skip
ROLE_OF = {actor: role for actor, role, _ in ACTORS}
PERSON_OF = {actor: person for actor, _, person in ACTORS}
ASKERS = {
    "agent": ("bot", "bot two"),
    "seller": ("sam", "sue", "sam at home"),
    "manager": ("mia", "max"),
}


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """What an edition gives, in stated units and whole money."""

    agent_hold: int
    agent_commit: int
    agent_day: int
    seller_hold: int
    seller_commit: int
    seller_day: int
    seller_week: int
    manager_commit: int
    manager_day: int
    all_month: int


EDITIONS = (
    Numbers(agent_hold=20, agent_commit=10, agent_day=25, seller_hold=60, seller_commit=50, seller_day=70, seller_week=3_600,
            manager_commit=90, manager_day=160, all_month=260),
    Numbers(agent_hold=15, agent_commit=12, agent_day=40, seller_hold=50, seller_commit=55, seller_day=60, seller_week=3_000,
            manager_commit=80, manager_day=200, all_month=220),
)  # fmt: skip


def file_of(numbers: Numbers) -> str:
    """The policy file of an edition."""
    actors = "".join(
        f'[[actor]]\nid = "{id}"\nrole = "{role}"\nperson = "{person}"\n' for id, role, person in ACTORS
    )
    return _FILE.format(**msgspec.structs.asdict(numbers)) + actors


def tell(db: Database, customers: int) -> Day:
    """One item without end at one site, and as many customers as there are sequences; today at the site."""
    masters = (
        Item(id=ITEM, name="Pump", cost_minor=COST_MINOR),
        Site(id=SITE, name=SITE, zone="Europe/Oslo"),
    )
    supply_changed(db, [MasterStated(record=record) for record in masters], actor="erp", id="masters")
    supply_changed(db, [Counted(item=ITEM, site=SITE, quantity=10**11, as_of=1)], actor="erp", id="stock")
    records: list[Customer | Tier | Price] = [
        Customer(id=f"C{number}", name=f"C{number}") for number in range(customers)
    ]
    records.append(Price(id=ITEM, item=ITEM, list_minor=LIST_MINOR, floor_minor=FLOOR_MINOR))
    policy.put(db, records, actor="crm", id="terms")
    with db.read() as tx:
        return reads.node(tx, ITEM, SITE).today


def state(db: Database, numbers: Numbers, id: str) -> None:
    """Bring an edition into force."""
    policy.state(db, words.read(file_of(numbers), currency="EUR"), id=id, actor="boss")
