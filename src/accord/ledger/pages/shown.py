"""How does one row of supply, or one draw, become words?"""

from __future__ import annotations

from accord.kit.days import Day, local_day
from accord.ledger import said, service
from accord.ledger.decide.coverage import Peg
from accord.ledger.decide.gate import is_proposal
from accord.ledger.decide.outlook import Entry, Mark, mark_of
from accord.ledger.model import Commitment, Draw, Supply, SupplyKind, node_of
from accord.ledger.pages import links

WORDS = {
    Mark.on_hand: "on hand",
    Mark.receipt: "receipt",
    Mark.commitment: "commitment",
    Mark.hold: "hold",
    Mark.need: "goes into",
}


class Shown:
    """One node's rows in words, in its item's unit."""

    def __init__(self, sheet: service.NodeSheet) -> None:
        self.sheet = sheet
        self.today = sheet.today
        record = sheet.graph.items.get(sheet.item)
        self.scale = record.scale if record is not None else 1
        self.unit = record.unit if record is not None and record.unit != "piece" else ""
        self._supplies = {one.supply.id: one.supply for one in sheet.entries if one.supply is not None}
        self._covering: dict[str, list[Peg]] = {}
        self._covered: dict[str, int] = {}
        for peg in sheet.pegs:
            self._covering.setdefault(peg.draw, []).append(peg)
            self._covered[peg.supply] = self._covered.get(peg.supply, 0) + peg.quantity

    def number(self, n: int) -> str:
        """A quantity of the item."""
        return said.number(n, self.scale)

    def day(self, on: Day) -> str:
        """A day as seen from the site."""
        return said.day(on, self.today)

    def rows(self, kind: str, *, since: Day | None = None, until: Day | None = None) -> str:
        """Where the list is that adds up to a number of this node."""
        return links.rows(self.sheet.item, self.sheet.site, kind, since=since, until=until)

    def entry(self, entry: Entry, *, sign: int = 1) -> dict[str, str]:
        """One row of a list that adds up; `sign` -1 where what is taken is counted, not what is left."""
        row = self.supply(entry.supply) if entry.supply is not None else {}
        if entry.draw is not None:
            row = self.draw(entry.draw)
        return {**row, "on": self.day(entry.on), "quantity": self.number(sign * entry.quantity)}

    def supply(self, one: Supply) -> dict[str, str]:
        """What is on hand, or a receipt: its document, its days, what is known against it."""
        first = self.sheet.first_due.get(one.id, one.due_on or one.on)
        moved = one.on - first if one.kind is not SupplyKind.on_hand else 0
        state, then = said.REASONS[one.counts]
        return {
            "what": self.document(one),
            "href": links.promise(one.proposed_by) if one.proposed_by else "",
            "kind": said.KINDS[one.kind],
            "quantity": self.number(one.quantity),
            "on": "there now" if one.kind is SupplyKind.on_hand else self.day(max(one.on, self.today)),
            "first": "" if one.kind is SupplyKind.on_hand else self.day(first),
            "moved": _moved(moved),
            "moved_tone": "care" if moved > 0 else "none",
            "state": _state(one),
            "age": said.age(one.as_of, self.sheet.now) if one.as_of else "",
            "counted": said.moment(one.as_of, self.today) if one.as_of else "",
            "lot": one.lot or "",
            "expires": self.day(one.expires_on) if one.expires_on else "",
            "why": state,
            "then": then,
            "doubts": ", ".join([said.thing(key) for key in one.doubts]),
            "covers": self.number(self._covered.get(one.id, 0)),
            "covers_href": links.peg_rows(self.sheet.item, self.sheet.site, one.id),
        }

    def covered(self, draw: Draw) -> str:
        """What covers a firm draw, as things are: "45 on hand, 15 WO 2218"; "" for what is held, which is not judged."""
        if draw.expires_at is not None:
            return ""
        if draw.id in self.sheet.uncovered:
            return f"{self.number(self.sheet.uncovered[draw.id])} short"
        pegs = self._covering.get(draw.id, [])
        found = [(self.document(self._supplies[peg.supply]), self.number(peg.quantity)) for peg in pegs]
        if len(found) == 1:
            return found[0][0]
        return ", ".join([f"{quantity} {document}" for document, quantity in found])

    def document(self, one: Supply) -> str:
        """The number by which people know a supply: "PO 4711", "on hand, lot L-0816"."""
        if one.kind is SupplyKind.on_hand:
            lot = f", lot {one.lot}" if one.lot else ""
            status = f", {one.status}" if one.status != "available" else ""
            return f"on hand{lot}{status}"
        if one.proposed_by is not None and not one.ref:
            return f"proposed {said.KINDS[one.kind]} …{one.id[-6:]}"
        return one.ref or one.id

    def draw(self, one: Draw) -> dict[str, str]:
        """What a commitment, a hold or a receipt takes."""
        mark = mark_of(one)
        known = self.sheet.commitments.get(one.owner)
        overdue = f"overdue since {self.day(one.on)}" if one.on < self.today else ""
        until = f"until {said.moment(one.expires_at, self.today)}" if one.expires_at is not None else ""
        row = {
            "kind": WORDS[mark],
            "quantity": self.number(one.quantity),
            "on": self.day(max(one.on, self.today)),
            "note": ", ".join([word for word in (overdue, until, _life(one)) if word]),
            "covered": self.covered(one),
            "covered_tone": "bad" if one.id in self.sheet.uncovered else "none",
        }
        if mark is Mark.need:
            item, site = node_of(one.feeds or "")
            into = f"{item} at {said.site_name(site, self.sheet.graph.sites)}"
            return {**row, "what": f"{into}, {_receipt(one)}", "href": links.node(item, site)}
        return {**row, "what": self._promise(one, known), "href": links.promise(one.promise or "")}

    def _promise(self, one: Draw, known: Commitment | None) -> str:
        # Customers are none of the ledger's business: the promise's own page names who it is for.
        id = f"…{(one.promise or one.owner)[-6:]}"
        if known is None:
            return f"promise {id}"
        made = "opening order" if known.opening else f"promise of {_made_on(known, self.today)}"
        return f"{made} {id}, delivers {self.day(known.deliver_on)}"


def _made_on(known: Commitment, today: Day) -> str:
    return said.day(local_day(known.made_at, "UTC"), today).split(" ", 1)[1]


def _receipt(draw: Draw) -> str:
    return f"proposed …{draw.owner[-6:]}" if draw.owner.startswith("rcp_") else draw.owner


def _life(draw: Draw) -> str:
    return f"must last {draw.life_days} days more" if draw.life_days else ""


def _moved(days: int) -> str:
    if days == 0:
        return ""
    return f"{abs(days)} {'day' if abs(days) == 1 else 'days'} {'later' if days > 0 else 'earlier'}"


def _state(one: Supply) -> str:
    if one.kind is SupplyKind.on_hand:
        return one.status
    if is_proposal(one):
        return "proposed" if one.expires_at is None else "proposed for a hold"
    return "released" if one.released else "planned"
