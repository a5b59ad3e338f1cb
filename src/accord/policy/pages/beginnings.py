"""With what does a company begin that has no rights yet? Files to change, with whoever begins named in them."""

from __future__ import annotations

import tomllib

from accord.policy.words.written import Tree

_TWO = """
name = "Our rights"
zone = "UTC"
everybody_else = "seller"
[[right]]
id = "seller"
role = "seller"
value_max = "10000.00"
margin_bp_min = 1000
days_late_max = 14
then = "allow"
[[right]]
id = "seller-ends"
role = "seller"
verbs = ["release", "cancel"]
below_floor = true
borrow = true
then = "allow"
[[right]]
id = "seller-asks"
role = "seller"
below_floor = true
borrow = true
then = "ask sales manager"
[[right]]
id = "manager"
role = "sales manager"
below_floor = true
borrow = true
then = "allow"
[[case]]
name = "what a seller may promise alone"
role = "seller"
verb = "commit"
quantity = 10
value = "9000.00"
margin_bp = 2000
expect = "allow"
[[case]]
name = "a thin margin goes to the manager"
role = "seller"
verb = "commit"
quantity = 10
value = "9000.00"
margin_bp = 900
expect = "ask sales manager"
"""

_THREE = """
name = "Our rights"
zone = "UTC"
everybody_else = "seller"
[change]
role = "director"
second = "sales manager"
[[right]]
id = "seller"
role = "seller"
value_max = "10000.00"
margin_bp_min = 1000
days_late_max = 14
then = "allow"
[[right]]
id = "seller-ends"
role = "seller"
verbs = ["release", "cancel"]
below_floor = true
borrow = true
then = "allow"
[[right]]
id = "seller-asks"
role = "seller"
below_floor = true
borrow = true
then = "ask sales manager"
[[right]]
id = "manager"
role = "sales manager"
value_max = "100000.00"
margin_bp_min = 500
below_floor = true
then = "allow"
[[right]]
id = "manager-asks"
role = "sales manager"
below_floor = true
borrow = true
then = "ask director"
[[right]]
id = "director"
role = "director"
below_floor = true
borrow = true
then = "allow"
[[limit]]
id = "seller-week"
role = "seller"
of = "value"
over = "customer"
period = "week"
most = "25000.00"
then = "ask sales manager"
[[case]]
name = "what a seller may promise alone"
role = "seller"
verb = "commit"
quantity = 10
value = "9000.00"
margin_bp = 2000
expect = "allow"
[[case]]
name = "a lower tier's share is the director's to give"
role = "seller"
verb = "commit"
quantity = 10
value = "9000.00"
margin_bp = 2000
borrow = true
expect = "ask director"
[[case]]
name = "what is split over a week comes to one"
role = "seller"
verb = "commit"
quantity = 10
value = "9000.00"
margin_bp = 2000
used = { seller-week = "20000.00" }
expect = "ask sales manager"
"""


def beginning(name: str, actor: str) -> Tree | None:
    """The tree of a beginning, whoever begins having the highest role of it; None where there is none of this name."""
    if name == "nothing":
        return {"name": "Our rights", "zone": "UTC", "right": [], "limit": [], "actor": [], "case": []}
    if name == "two-steps":
        return tomllib.loads(_TWO) | {"limit": [], "actor": [{"id": actor, "role": "sales manager"}]}
    if name == "three-steps":
        # Two persons are needed from the second change on: the other's name is for whoever begins to give.
        return tomllib.loads(_THREE) | {
            "actor": [{"id": actor, "role": "director"}, {"id": "", "role": "sales manager"}]
        }
    return None
