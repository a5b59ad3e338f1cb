"""A company whose every name, note and number is an attack on the pages that show it.

Each text carries a mark of its own, so that it is known where it came to be shown, and a payload that would run, load or break out
if it were ever taken for markup. It is told through the services: what came in before a door was mended must be shown harmlessly, too.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

from accord.connect import service as connect
from accord.connect.model import Setup
from accord.connect.service import walking
from accord.connect.service.working import bench
from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated, ReceiptStated
from accord.exceptions.service import supply_changed
from accord.kit.errors import AccordError
from accord.ledger.model import Item, Resource, Site, Supplier, SupplyKind
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import (
    Actor,
    Amount,
    Answer,
    Case,
    Customer,
    Edition,
    Figures,
    Price,
    Right,
    Rights,
    Tier,
)
from accord.policy.model import Verb as Do
from accord.promise import service as promises
from accord.promise.model import Line, Request, Verb
from accord.promise.service import listing
from accord.web.access import authority
from accord.web.people import accounts, keys, sessions, teams

# What is tried: elements that run, attributes that run, addresses that run, ways out of where text stands.
PAYLOADS = (
    "<script>hit()</script>",
    "\"><img src=x onerror=hit()>",
    "'><svg/onload=hit()>",
    "\" onmouseover=hit() autofocus onfocus=hit() x=\"",
    "' onclick='hit()",
    "</title></textarea></script><script>hit()</script>",
    "--><iframe srcdoc=\"<script>parent.hit()</script>\"></iframe>",
    "javascript:hit()",
    "<a href=javascript:hit()>here</a>",
    "<xss style=animation-name:x onanimationstart=hit()></xss>",
    "{{ 'hi'~'jacked' }}{% raw %}${'hi'+'jacked'}",
    "<form action=//evil.example><button>",
    "<base href=//evil.example/><link rel=stylesheet href=//evil.example>",
    "\"><meta http-equiv=refresh content=\"0;url=//evil.example\">",
    "<div hx-get=/v1/items hx-trigger=load data-opens=menu>",
    "＜script＞hit()＜/script＞ ‮ \\u003cscript\\u003e &lt;script&gt;",
)  # fmt: skip

EVERYTHING = (
    "<svg/onload=hit()>\"'><script>hit()</script>{{'hi'~'jacked'}}"  # in one, where one company must do
)


NAMES_MAX = 100


class Words:
    """The texts that were stored, each with its mark."""

    def __init__(self, shift: int | None = None) -> None:
        self._shift = shift
        self.marks: dict[str, str] = {}  # by field

    def __call__(self, field: str, most: int = 200) -> str:
        """A text for a field: its mark and a payload."""
        mark = self.marks.setdefault(field, f"qx{len(self.marks):02d}q")
        payload = EVERYTHING
        if self._shift is not None:
            payload = PAYLOADS[(len(self.marks) + self._shift) % len(PAYLOADS)]
        text = f"{mark}{payload}"
        if most <= NAMES_MAX:  # of people, teams, keys: what cannot be shown is refused there
            text = "".join(one for one in text if one.isprintable())
        return " ".join(text[:most].split()) if most <= NAMES_MAX else text[:most]


ACCOUNT = "account.name"


def tell(db: Database, word: Words) -> str:
    """Tell everything that can be told; the token of somebody with every role, who made most of it."""
    item, site, customer = word("item.id"), word("site.id"), word("customer.id")
    supply_changed(
        db,
        [
            MasterStated(record=Item(id=item, name=word("item.name"), unit=word("item.unit"), cost_minor=1_200, planner=word("item.planner"))),
            MasterStated(record=Site(id=site, name=word("site.name"))),
            MasterStated(record=Resource(id=word("resource.id"), name=word("resource.name"), site=site)),
            MasterStated(record=Supplier(id=word("supplier.id"), name=word("supplier.name"))),
        ],
        actor=word("actor of news"),
        id=word("id of news"),
    )  # fmt: skip
    with db.read() as tx:
        today = reads.node(tx, item, site).today
    supply_changed(
        db,
        [
            Counted(item=item, site=site, quantity=1_000, as_of=1, lot=word("lot")),
            ReceiptStated(item=item, site=site, id=word("receipt.id"), kind=SupplyKind.purchase, quantity=50,
                          due_on=today + 14, ref=word("receipt.ref"), lot=word("receipt.lot")),
        ],
        actor=word("actor of news"),
        id="supply",
    )  # fmt: skip
    policy.put(
        db,
        [
            Tier(id=word("tier.id"), rank=1),
            Customer(id=customer, name=word("customer.name"), tier=word("tier.id"), channel=word("customer.channel"),
                     region=word("customer.region"), seller=word("customer.seller")),
            Price(id=item, item=item, list_minor=2_000, floor_minor=1_500),
        ],
        actor="crm",
        id="terms",
    )  # fmt: skip
    name = word(ACCOUNT, 100)
    _rights(db, word, name)
    account = accounts.add(
        db, name, list(authority.ROLES), by=word("account.by"), password="four words are enough"
    )
    teams.arrange(db, word("team.name", 60), by=word("account.by"), added=[name], manager=name)
    keys.add(db, word("key.name", 100), ["ask"])
    _promises(db, word, name, item, customer, today)
    listing.save_view(db, name, word("view.name", 60), "state=held")
    _imports(db, word, name)
    # It is short of what was promised: exceptions name everything.
    supply_changed(
        db, [Counted(item=item, site=site, quantity=0, as_of=2, lot=word("lot"))], actor="erp", id="gone"
    )
    return sessions.begin(db, account.id, device=word("session.device", 80))


def _rights(db: Database, word: Words, name: str) -> None:
    role, boss = word("rights.role"), word("rights.boss")
    rights = Rights(
        rights=(
            Right(id=word("right.hold"), role=role, verbs=(Do.hold,), then=Answer.allow),
            Right(id=word("right.small"), role=role, then=Answer.allow, quantity_max=50),
            Right(id=word("right.ask"), role=role, then=Answer.ask, ask=boss),
            Right(id=word("right.boss"), role=boss, then=Answer.allow),
        ),
        actors=(Actor(id=name, roles=(role,)), Actor(id=word("rights.actor"), roles=(boss,), team=word("rights.team"))),
    )  # fmt: skip
    case = Case(
        name=word("case.name"),
        role=role,
        verb=Do.commit,
        figures=Figures(
            amounts=(Amount(item=word("item.id"), quantity=1, value_minor=100),),
            price_minor=100,
            cost_minor=10,
        ),
        expect=Answer.allow,
    )
    edition = Edition(id=word("edition.id"), name=word("edition.name"), rights=rights, cases=(case,))
    policy.state(db, edition, id="edition", actor=word("edition.by"))


def _promises(db: Database, word: Words, name: str, item: str, customer: str, today: int) -> None:
    def made(verb: Verb, quantity: int, **terms: object) -> str:
        line = Line(
            item=item, quantity=quantity, requested_on=today + 3, price_minor=2_000, ref=word("line.ref")
        )
        wanted = Request(
            id=word(f"request {verb.value} {quantity}"),
            verb=verb,
            customer=customer,
            lines=(line,),
            ref=word("promise.ref"),
            **terms,
        )  # type: ignore[arg-type]
        decision = promises.promise_one(db, wanted, actor=name)
        assert decision.promise, decision.sentence
        return str(decision.promise)

    made(Verb.hold, 1)
    made(Verb.commit, 2)
    made(Verb.commit, 60, asks_approval=True, note=word("approval.note"))
    declined = made(Verb.commit, 61, asks_approval=True)
    approval = next(one for one in promises.approvals(db)[0] if one.promise == declined)
    promises.promise_one(
        db,
        Request(id="declined", verb=Verb.decline, approval=approval.id, note=word("decline.note")),
        actor=word("rights.actor"),
    )


def _imports(db: Database, word: Words, name: str) -> None:
    """In each of the states an import can be in: a column nobody knows, rows nobody can mean, all well, and come in."""

    def cell(field: str) -> str:
        return '"' + word(field).replace('"', '""') + '"'

    def rows(*lines: str) -> bytes:
        return "\n".join([*lines, ""]).encode()

    of_items = rows("id,name,unit", f"{cell('import.item')},{cell('import.item name')},{cell('import.unit')}")
    given: dict[str, dict[str, bytes]] = {
        "unknown column": {"items.csv": rows(f"id,name,{cell('import.column')}", f"{cell('import.item')},x,1")},
        "unknown item": {"stock.csv": rows("item,site,quantity", f"{cell('import.unknown item')},{cell('import.site')},{cell('import.quantity')}")},
        "named": {word("import.file").replace("/", "∕") + ".csv": of_items},
        "checked": {"items.csv": of_items},
        "done": {"items.csv": of_items},
    }  # fmt: skip
    for key, files in given.items():
        try:
            if key == "done":
                run, _ = connect.put_files(db, files, Setup(), source=None, actor=name, key=f"import {key}")
                connect.commit(db, run.id, actor=name)
            else:
                id = walking.put_in(
                    db, files, source=word("import.source", 100), actor=name, key=f"import {key}"
                )
                assert bench(db).wait(id, 30)
        except AccordError:  # the name of a file may be refused, and what looks like a formula is asked about
            assert key in ("named", "done")


# --- what a page must not hold ---

_EXECUTES = {"iframe", "object", "embed", "base", "applet", "frame", "xss", "img", "video", "audio"}
_ADDRESSES = ("href", "src", "action", "formaction", "xlink:href", "srcset", "poster", "data")


class Suspicious(HTMLParser):
    """What in a page did not come from a template of ours: elements and attributes that run, load or lead elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.links: set[str] = set()
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        if tag in _EXECUTES:
            self.found.append(f"<{tag}>")
        if not re.fullmatch(r"[a-z][a-z0-9]*", tag):
            self.found.append(f"<{tag}> is no element")
        given = dict(attrs)
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.found.append("a script that is not ours")
        if tag == "meta" and "http-equiv" in given:
            self.found.append("meta http-equiv")
        if "qx" in tag:
            self.found.append(f"a mark in <{tag}>")
        for name, value in attrs:
            self._attribute(tag, name, value or "")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name == "style" or name == "srcdoc":
            self.found.append(f"<{tag} {name}>")
        if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9:-]*", name):
            self.found.append(f"<{tag} {name}> is no attribute")
        if name.startswith("hx-") and "qx" in value:
            self.found.append(f"<{tag} {name}={value}>")
        if name in _ADDRESSES:
            address = urlsplit(value.strip())
            if (
                address.scheme.lower() not in ("", "http", "https")
                or address.netloc
                or value.strip().startswith("//")
            ):
                self.found.append(f"<{tag} {name}={value}> leads elsewhere")
            elif name == "href":
                self.links.add(value)
        self.words.append(value)

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and data.strip():
            self.found.append(f"words inside <{self._inside}>")
        if "hijacked" in data:
            self.found.append("a template was run")
        self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_comment(self, data: str) -> None:
        if "qx" in data:
            self.found.append("a mark in a comment")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self.found.append(f"<!{decl}>")
