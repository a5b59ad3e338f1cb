"""Who may promise what at Halden Pumps?

The file as the company keeps it, with its test cases. Whoever uses the demo without being named is a seller; Mia Berg and
Max Roth decide as sales managers, Dana Holt as director. Sign a program in as one of them with `accord key add "Mia Berg"`.
"""

from __future__ import annotations

from accord.policy import words
from accord.policy.model import Edition

RIGHTS = """\
name = "Halden Pumps"
zone = "Europe/Oslo"
everybody_else = "seller"

# What a seller holds or promises by himself. The margin is at what supply costs today: with copper as it is now, an X-100
# leaves 14 % at about 16.10.
[[right]]
id = "seller"
role = "seller"
value_max = "600000.00"
margin_bp_min = 1400
expedite_max = "2500.00"
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

# Service carries out what a customer chose, within the same bounds.
[[right]]
id = "service"
role = "service"
value_max = "600000.00"
margin_bp_min = 1400
expedite_max = "2500.00"
then = "allow"

[[right]]
id = "service-asks"
role = "service"
below_floor = true
borrow = true
then = "ask sales manager"

# When nobody else can be reached, supply is freed by who answers for it.
[[right]]
id = "supply-lead"
role = "supply lead"
verbs = ["amend", "release", "cancel"]
below_floor = true
borrow = true
then = "allow"

[[right]]
id = "manager"
role = "sales manager"
value_max = "2500000.00"
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

# However an order is split: so much to one customer in a week without asking.
[[limit]]
id = "seller-week"
role = "seller"
of = "value"
over = "customer"
period = "week"
most = "1500000.00"
then = "ask sales manager"

[[actor]]
id = "Anna Lund"
role = "seller"
team = "north"

[[actor]]
id = "Bruno Faure"
role = "seller"
team = "south"

[[actor]]
id = "Celina Nowak"
role = "seller"
team = "east"

[[actor]]
id = "David Hale"
role = "seller"
team = "north"

[[actor]]
id = "Sara Lind"
role = "service"

[[actor]]
id = "Karin Dahl"
role = "supply lead"

[[actor]]
id = "Mia Berg"
role = "sales manager"

[[actor]]
id = "Max Roth"
role = "sales manager"

[[actor]]
id = "Dana Holt"
role = "director"

[[actor]]
id = "David Holt"
role = "director"

[[case]]
name = "500 X-100 at 18.50 is a seller's to promise"
role = "seller"
verb = "commit"
tier = "A"
quantity = 500
value = "9250.00"
margin_bp = 2500
expect = "allow"
by = "seller"

[[case]]
name = "at 15.90 copper leaves too little, and the sales manager is asked"
role = "seller"
verb = "commit"
tier = "A"
quantity = 500
value = "7950.00"
margin_bp = 1290
below_floor = true
expect = "ask sales manager"

[[case]]
name = "a lower tier's share is the director's to give"
role = "seller"
verb = "commit"
tier = "A"
quantity = 10
value = "900.00"
margin_bp = 2500
borrow = true
expect = "ask director"

[[case]]
name = "what is split over a week comes to one"
role = "seller"
verb = "commit"
customer = "Northwind"
quantity = 500
value = "9250.00"
margin_bp = 2500
used = { seller-week = "1491000.00" }
expect = "ask sales manager"
by = "seller-week"
"""


def rights() -> Edition:
    """The edition that the file states."""
    return words.read(RIGHTS, currency="EUR")
