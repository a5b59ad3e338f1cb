"""How does an answer become what a template shows: words and numbers as text, nothing to compute?"""

from __future__ import annotations

from collections.abc import Sequence

from accord.db.engine import Database
from accord.kit.days import Day, Instant, instant_iso, local_day
from accord.ledger import service as ledger
from accord.ledger.model import node_of
from accord.ledger.said import number
from accord.policy import service as policy
from accord.policy.model import Book, Price
from accord.promise import said
from accord.promise.model import Decision, Line, LineVerdict, Option, Piece, Verdict
from accord.promise.named import Names, today_of
from accord.promise.service.reads import Seen

TONES = {
    Verdict.yes: "good",
    Verdict.yes_but: "care",
    Verdict.needs_approval: "care",
    Verdict.not_by_then: "bad",
    Verdict.cannot_promise: "bad",
    Verdict.cannot_know: "care",
    Verdict.done: "good",
}
_STATE_TONES = {"held": "care", "committed": "good", "fulfilled": "good"}
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}


class Shown:
    """The names, units and currency in force, and what they make of an answer."""

    def __init__(self, names: Names, now: Instant, book: Book) -> None:
        self.names = names
        self.now = now
        self.book = book
        self.hold_hours = book.rules.hold_seconds_usual // 3600

    @classmethod
    def read(cls, db: Database) -> Shown:
        """What is in force now."""
        with db.read() as tx:
            graph, book, now = ledger.graph(tx), policy.book(tx), tx.now()
        names = Names(
            items=graph.items,
            customers=book.customers,
            sites=graph.sites,
            currency=book.rules.currency,
            today=today_of(graph.sites, now),
        )
        return cls(names, now, book)

    # --- an answer ---

    def answer(self, decision: Decision) -> dict[str, object]:
        """Everything about one decision."""
        first = decision.options[decision.chosen or 0] if decision.options else None
        return {
            "verdict": decision.verdict.value,
            "word": said.VERDICTS[decision.verdict],
            "tone": TONES[decision.verdict],
            "sentence": decision.sentence,
            "refusals": [" ".join(said.REFUSALS[one]) for one in decision.refusals],
            "asked": [self.asked(line) for line in decision.asked],
            "customer": self.customer(decision.request.customer),
            "options": [self.option(decision, one) for one in decision.options],
            "chosen": None if decision.chosen is None else decision.chosen + 1,
            "evidence": self._evidence(first, decision.today) if first is not None else [],
            "limits": [
                said.limit(line.limit, self.names.items, decision.today)
                for line in decision.lines
                if line.limit is not None
            ],
            "lines": [self._line(line, decision) for line in decision.lines]
            if len(decision.lines) > 1
            else [],
            "digest": decision.digest,
            "as_of": moment(decision.now, self.names.today),
            "versions": f"policy {decision.policy_version}, master data {decision.graph_version}, engine {decision.engine_version}",
            "id": decision.id,
            "hold_hours": self.hold_hours,
        }

    def option(self, decision: Decision, option: Option) -> dict[str, object]:
        """One way to answer."""
        return {
            "id": option.id,
            "number": decision.options.index(option) + 1,
            "kind": said.kind(option.kind),
            "is_on_time": option.in_full_on_time,
            "days_late": option.days_late,
            "difference": option.difference,
            "price": self.money(option.price_minor),
            "margin": self.money(option.margin_minor),
            "margin_percent": percent(option.margin_minor, option.price_minor),
            "needs": [said.REFUSALS[one][0] for one in option.needs],
            "pieces": [self._piece(piece, decision) for piece in option.pieces],
            "makes": [
                {
                    "source": said.source(make.source),
                    "quantity": self.quantity(make.quantity, node_of(make.key)[0]),
                    "what": said.thing(make.key),
                    "starts": said.day(make.starts_on, decision.today),
                    "on": said.day(make.on, decision.today),
                    "is_static": make.static_lead,
                }
                for make in option.makes
            ],
        }

    def asked(self, line: Line) -> dict[str, str]:
        """One line as it was asked for."""
        item = line.item
        return {
            "quantity": self.quantity(line.quantity, item),
            "unit": self.names.items[item].unit if item in self.names.items else "",
            "item": item,
            "name": self.name_of(item),
            "on": said.day(line.requested_on, self.names.today),
            "price": self.money(line.price_minor) if line.price_minor is not None else "",
        }

    def _piece(self, piece: Piece, decision: Decision) -> dict[str, str]:
        line = decision.asked[piece.line] if piece.line < len(decision.asked) else None
        return {
            "quantity": self.quantity(piece.quantity, piece.item),
            "item": self.item(piece.item)
            if line is None or line.item != piece.item or len(decision.asked) > 1
            else "",
            "deliver": said.day(piece.deliver_on, decision.today),
            "ship": said.day(piece.ship_on, decision.today),
            "site": self.site(piece.site),
        }

    def _evidence(self, option: Option, today: Day) -> list[dict[str, str]]:
        return [
            {
                "item": piece.item,
                "source": said.source(one.source),
                "quantity": self.quantity(one.quantity, piece.item),
                "on": said.day(one.on, today) if one.on else "there now",
                "note": one.note,
            }
            for piece in option.pieces
            for one in piece.evidence
        ]

    def _line(self, verdict: LineVerdict, decision: Decision) -> dict[str, str]:
        line = decision.asked[verdict.line]
        return {
            "what": f"{self.quantity(line.quantity, line.item)} {self.item(line.item)}",
            "word": said.VERDICTS[verdict.verdict],
            "tone": TONES[verdict.verdict],
            "on": said.day(verdict.on, decision.today) if verdict.on is not None else "–",
            "on_time": self.quantity(verdict.quantity_on_time, line.item),
        }

    # --- a promise ---

    def promise(self, seen: Seen) -> dict[str, object]:
        """One promise with its lines, dates and deliveries."""
        promise = seen.promise
        return {
            "id": promise.id,
            "state": seen.state.value,
            "tone": _STATE_TONES.get(seen.state.value, "none"),
            "customer": self.customer(promise.customer),
            "ref": promise.ref,
            "actor": promise.actor,
            "made": moment(promise.made_at, self.names.today),
            "expires": moment(promise.expires_at, self.names.today)
            if promise.expires_at is not None and seen.state.value == "held"
            else "",
            "lines": [
                {
                    "quantity": self.quantity(line.quantity, line.item),
                    "item": line.item,
                    "name": self.name_of(line.item),
                    "requested": said.day(line.requested_on, self.names.today),
                    "first": said.day(line.first_promised_on, self.names.today),
                    "now": said.day(line.promised_on, self.names.today),
                    "is_moved": line.promised_on != line.first_promised_on,
                    "is_late": line.promised_on > line.requested_on,
                    "price": self.money(line.price_minor),
                }
                for line in promise.lines
            ],
            "deliveries": [
                {
                    "quantity": self.quantity(one.quantity, one.item),
                    "item": self.item(one.item),
                    "site": self.site(one.site),
                    "ship": said.day(one.ship_on, self.names.today),
                    "deliver": said.day(one.deliver_on, self.names.today),
                    "state": one.state.value,
                }
                for one in seen.commitments
            ],
        }

    # --- around it ---

    def price(self, item: str, customer: str | None) -> Price | None:
        """What the price list says of an item for a customer: of the tier, else of everybody."""
        known = self.names.customers.get(customer or "")
        own = self.book.prices.get(f"{item}|{known.tier}") if known is not None and known.tier else None
        return own if own is not None else self.book.prices.get(item)

    def list_price(self, item: str, customer: str | None) -> int | None:
        """The list price of one stated unit; None where none is known."""
        found = self.price(item, customer)
        return found.list_minor if found is not None else None

    def plain_money(self, minor: int | None) -> str:
        """An amount as one types it: "18.50"; "" for none."""
        return "" if minor is None else said.money(minor, self.names.currency).partition(" ")[0]

    def quantity(self, n: int, item: str) -> str:
        """Base units in the unit people state, long numbers grouped."""
        known = self.names.items.get(item)
        return number(n, known.scale if known is not None else 1)

    def money(self, minor: int | None) -> str:
        """An amount with its sign and currency; a dash where none is known."""
        if minor is None:
            return "–"
        amount, _, currency = said.money(abs(minor), self.names.currency).partition(" ")
        whole, point, rest = amount.partition(".")
        sign = "−" if minor < 0 else ""
        grouped = f"{int(whole):,}{point}{rest}"
        return f"{sign}{_SIGNS[currency]}{grouped}" if currency in _SIGNS else f"{sign}{grouped} {currency}"

    def item(self, id: str) -> str:
        """An item with what it is called."""
        known = self.names.items.get(id)
        return id if known is None or known.name in ("", id) or id in known.name else f"{id} {known.name}"

    def name_of(self, id: str) -> str:
        """What an item is called beside its id; "" where that is the same."""
        known = self.names.items.get(id)
        return known.name if known is not None and known.name != id else ""

    def site(self, id: str) -> str:
        """What a site is called."""
        known = self.names.sites.get(id)
        return known.name if known is not None and known.name else id

    def customer(self, id: str | None) -> str:
        """The name of a customer; "" for none."""
        if id is None:
            return ""
        known = self.names.customers.get(id)
        return known.name if known is not None and known.name else id


def latest(found: Sequence[Seen], shown: Shown) -> list[dict[str, object]]:
    """The promises made last."""
    return [shown.promise(one) for one in found]


def percent(part: int | None, whole: int | None) -> str:
    """A part of a whole: "34 %"; "" where either is not known."""
    if part is None or not whole:
        return ""
    return f"{round(100 * part / whole)} %"


def moment(at: Instant, today: Day | None = None) -> str:
    """A moment to the minute: "22 Nov 10:04 UTC", with the year where it is not this one's."""
    on, time = local_day(at, "UTC"), instant_iso(at)[11:16]
    return f"{said.day(on, today).split(' ', 1)[1]} {time} UTC"
