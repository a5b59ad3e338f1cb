"""Which places are there to go to, under which word, sign and keys?

One list for the rail, the bar of a phone, the command menu and the keys, so that they cannot disagree.
"""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A page one can go to from everywhere."""

    id: str
    word: str
    href: str
    icon: str  # of templates/_icon.html
    keys: str  # typed one after the other: "g p"
    words: str = ""  # by which it is found beside its own
    is_low: bool = False  # stands below the others: seldom needed


PLACES = (
    Place(id="ask", word="Ask", href="/", icon="ask", keys="a", words="new promise request quote"),
    Place(
        id="promises",
        word="Promises",
        href="/promises",
        icon="promises",
        keys="g p",
        words="orders holds list",
    ),
    Place(
        id="approvals",
        word="Approvals",
        href="/approvals",
        icon="approvals",
        keys="g a",
        words="agree rights manager",
    ),
    Place(
        id="supply",
        word="Supply",
        href="/supply",
        icon="supply",
        keys="g s",
        words="stock items sites receipts capacity shares available",
    ),
    Place(
        id="imports",
        word="Imports",
        href="/imports",
        icon="import",
        keys="g i",
        words="import files csv excel upload bring in data undo",
        is_low=True,
    ),
    Place(
        id="rights",
        word="Rights",
        href="/rights",
        icon="rights",
        keys="g t",
        words="policy rules who may decide limits approval",
        is_low=True,
    ),
    Place(
        id="audit",
        word="Audit",
        href="/audit",
        icon="audit",
        keys="g u",
        words="proof record log verify checkpoint hash chain",
        is_low=True,
    ),
    Place(
        id="people",
        word="People",
        href="/people",
        icon="people",
        keys="g e",
        words="accounts users roles teams keys administrator invite",
        is_low=True,
    ),
)
