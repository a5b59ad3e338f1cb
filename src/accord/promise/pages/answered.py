"""How does an answer to a question look: its verdict, price, ways to do it, and what may be done about each?

What a visitor may not see, cost and margin, is not in what the template gets.
"""

from __future__ import annotations

from itertools import groupby

from accord.kit.days import Instant
from accord.kit.doors import Doors
from accord.ledger.model import Kind, kind_of_key, node_of
from accord.ledger.pages import links
from accord.ledger.said import age
from accord.policy.model import Answer
from accord.promise import said
from accord.promise.model import Decision, Option, Refusal, Verb, Verdict
from accord.promise.pages.shown import TONES, Shown, moment, percent

_A_SECOND = 1_000_000
_WORDS_OF_VERB = {Verb.hold: "hold", Verb.commit: "commit", Verb.quote: "quote"}


class Answered:
    """One decision as one visitor sees it."""

    def __init__(self, decision: Decision, shown: Shown, doors: Doors) -> None:
        self.decision = decision
        self.shown = shown
        self.doors = doors
        self.sees_costs = doors.opens("promise.raw")

    def context(
        self, *, is_only_looking: bool = False, known: frozenset[str] = frozenset()
    ) -> dict[str, object]:
        """Everything the template shows; `known`: the options that were there before, where the answer has changed.

        `is_only_looking`: nothing can be done with it, because what it rests on is too old.
        """
        decision, shown = self.decision, self.shown
        options = [self.option(one, known) for one in decision.options]
        may_take = any(one["standing"] == "free" for one in options) and not is_only_looking
        # Whether the day can be kept may be unknown, and what is certain later be there to take all the same.
        is_stale = decision.verdict is Verdict.cannot_know and not may_take
        first = decision.options[0] if decision.options else None
        asked_for = {line.item for line in decision.asked}
        return {
            "verdict": decision.verdict.value,
            "word": said.VERDICTS[decision.verdict],
            "tone": TONES[decision.verdict],
            "sentence": decision.sentence,
            "refusals": [" ".join(said.REFUSALS[one]) for one in decision.refusals if not options],
            "customer": shown.customer(decision.request.customer),
            "strip": self.strip(first) if first is not None and not is_stale else [],
            "options": [] if is_stale and not is_only_looking else options,
            "is_only_looking": is_only_looking,
            "lines": self._lines() if len(decision.asked) > 1 else [],
            "limits": [
                said.limit(line.limit, shown.names.items, decision.today)
                for line in decision.lines
                if line.limit is not None
            ],
            "stale": [
                {
                    "what": said.thing(one.key),
                    "since": moment(one.counted_at, shown.names.today),
                    "age": age(one.counted_at, decision.now),
                    "owner": one.owner,
                    "item": node_of(one.key)[0],
                }
                for one in sorted(decision.stale, key=lambda one: node_of(one.key)[0] not in asked_for)
            ],
            "may_take": may_take,
            "may_quote": self.doors.opens("promise.quote"),
            "may_hold": self.doors.opens("promise.hold"),
            "may_commit": self.doors.opens("promise.commit"),
            "digest": decision.digest,
            "seen_at": decision.now,
            "known": " ".join(one.id for one in decision.options),
            "as_of": moment(decision.now, shown.names.today),
            "versions": f"policy {decision.policy_version}, master data {decision.graph_version}, engine {decision.engine_version}",
            "hold_hours": shown.hold_hours,
        }

    # --- one way to do it ---

    def option(self, option: Option, known: frozenset[str] = frozenset()) -> dict[str, object]:
        """One way, as it differs from the first."""
        decision, shown = self.decision, self.shown
        first = decision.options[0]
        margin = option.margin_minor if self.sees_costs else None
        apart = None
        if option is not first and margin is not None and first.margin_minor is not None:
            apart = margin - first.margin_minor
        standing = standing_of(option)
        return {
            "id": option.id,
            "number": decision.options.index(option) + 1,
            "kind": said.kind(option.kind),
            "is_first": option is first,
            "because": _why_first(option) if option is first and len(decision.options) > 1 else "",
            "is_new": bool(known) and option.id not in known,
            "difference": "" if option is first else self._difference(first, option),
            "price": shown.money(option.price_minor),
            "margin": "" if margin is None else shown.money(margin),
            "margin_percent": percent(margin, option.price_minor),
            "margin_apart": "" if not apart else f"{'+' if apart > 0 else ''}{shown.money(apart)}",
            "pieces": [
                {
                    "quantity": shown.quantity(piece.quantity, piece.item),
                    "item": self._item_of(piece.line, piece.item),
                    "id": piece.item,
                    "deliver": said.day(piece.deliver_on, decision.today),
                    "site": shown.site(piece.site),
                }
                for piece in option.pieces
            ],
            "others": self.others(option),
            "standing": standing,
            "role": option.ruling.ask if option.ruling is not None else "",
            "rules": rules_of(option, sees_costs=self.sees_costs),
            "needs": [said.REFUSALS[one][0] for one in option.needs],
            "makes": [
                {
                    "source": said.source(made.source),
                    "quantity": shown.quantity(made.quantity, node_of(made.key)[0]),
                    "what": said.thing(made.key),
                    "starts": said.day(made.starts_on, decision.today),
                    "on": said.day(made.on, decision.today),
                    "is_static": made.static_lead,
                }
                for made in option.makes
            ],
            "say": self.say(option) if standing == "free" else "",
        }

    def _difference(self, first: Option, option: Option) -> str:
        """What sets it apart from the first, beside what its deliveries say."""
        words = []
        days = option.days_late - first.days_late
        if days:
            words.append(
                f"{abs(days)} {'day' if abs(days) == 1 else 'days'} {'later' if days > 0 else 'sooner'}"
            )
        if option.price_minor is not None and first.price_minor is not None:
            more = option.price_minor - first.price_minor
            words += [f"{'+' if more > 0 else ''}{self.shown.money(more)} in price"] if more else []
        deliveries = len({(p.deliver_on, p.site) for p in option.pieces}) - len(
            {(p.deliver_on, p.site) for p in first.pieces}
        )
        if deliveries:
            many = "delivery" if abs(deliveries) == 1 else "deliveries"
            words.append(f"{abs(deliveries)} {many} {'more' if deliveries > 0 else 'fewer'}")
        return ", ".join(words)

    def _item_of(self, line: int, item: str) -> str:
        """The item of a delivery, where it does not go without saying."""
        asked = self.decision.asked
        is_plain = len(asked) == 1 and line < len(asked) and asked[line].item == item
        return "" if is_plain else self.shown.item(item)

    def others(self, option: Option) -> str:
        """Who else is touched; "" = nobody."""
        if option.kind != "borrow" and not (option.figures is not None and option.figures.borrow):
            return ""
        return "takes from what is kept for customers of another tier"

    def say(self, option: Option) -> str:
        """What may be told to the customer: what, when and at what price; nothing of ours."""
        decision, shown = self.decision, self.shown
        parts = []
        for (line, item), pieces in groupby(option.pieces, key=lambda piece: (piece.line, piece.item)):
            whens = " and ".join(
                f"{shown.quantity(quantity, item)} on {said.day(day)}"
                for day, quantity in _by_day([(p.deliver_on, p.quantity) for p in pieces])
            )
            price = decision.asked[line].price_minor if line < len(decision.asked) else None
            if price is None:
                price = shown.list_price(item, decision.request.customer)
            each = f", at {shown.money(price)} each" if price is not None else ""
            parts.append(f"{shown.item(item)}: {whens}{each}.")
        customer = shown.names.customers.get(decision.request.customer or "")
        to = f" Delivered to {customer.ship_to}." if customer is not None and customer.ship_to != "*" else ""
        until = self.price_until(option)
        return " ".join(parts) + to + (f" The price holds until {moment(until)}." if until else "")

    # --- its price ---

    def price_until(self, option: Option) -> Instant | None:
        """Until when the price of an option holds, promised now; None = no end, or no price."""
        return self.decision.now + option.price_seconds * _A_SECOND if option.price_seconds else None

    def strip(self, option: Option) -> list[dict[str, str]]:
        """List, asked, floor, margin, age of cost, validity: what is known of them, for one of an item or for all."""
        decision, shown = self.decision, self.shown
        customer = decision.request.customer
        is_single = len(decision.asked) == 1
        listed: int | None = 0
        asked: int | None = 0
        floor: int | None = 0
        for line in decision.asked:
            record = shown.price(line.item, customer)
            scale = shown.names.items[line.item].scale if line.item in shown.names.items else 1

            def of(unit: int | None, *, n: int = line.quantity, scale: int = scale) -> int | None:
                return unit if unit is None or is_single else (2 * n * unit + scale) // (2 * scale)

            listed = _plus(listed, of(record.list_minor if record is not None else None))
            floor = _plus(floor, of(record.floor_minor if record is not None else None))
            asked = _plus(
                asked,
                of(
                    line.price_minor
                    if line.price_minor is not None
                    else record.list_minor
                    if record
                    else None
                ),
            )
        each = "each" if is_single else "in all"
        is_below = asked is not None and floor is not None and asked < floor
        rows = [
            _figure("List", listed, each, shown),
            _figure(
                "Asked",
                asked,
                each if any(line.price_minor is not None for line in decision.asked) else "as listed",
                shown,
            ),
        ]
        if self.sees_costs:
            rows.append(
                _figure(
                    "Floor",
                    floor,
                    "the price is below it" if is_below else each,
                    shown,
                    tone="bad" if is_below else "",
                )
            )
            margin = option.margin_minor
            rows.append(
                {
                    "word": "Margin now",
                    "value": shown.money(margin) if margin is not None else "–",
                    "note": percent(margin, option.price_minor),
                    "tone": "bad" if margin is not None and margin < 0 else "",
                }
            )
            if option.cost_at is not None:
                known = {
                    "word": "Cost confirmed",
                    "value": age(option.cost_at, decision.now),
                    "note": "",
                    "tone": "",
                }
                rows.append(known)
        until = self.price_until(option)
        if until is not None:
            rows.append(
                {
                    "word": "Price holds until",
                    "value": moment(until, shown.names.today),
                    "note": "",
                    "tone": "",
                }
            )
        return rows

    # --- line by line ---

    def _lines(self) -> list[dict[str, str]]:
        decision, shown = self.decision, self.shown
        rows = []
        for verdict in decision.lines:
            line = decision.asked[verdict.line]
            rows.append(
                {
                    "what": f"{shown.quantity(line.quantity, line.item)} {shown.item(line.item)}",
                    "requested": said.day(line.requested_on, decision.today),
                    "word": said.VERDICTS[verdict.verdict],
                    "tone": TONES[verdict.verdict],
                    "on": said.day(verdict.on, decision.today) if verdict.on is not None else "–",
                    "on_time": shown.quantity(verdict.quantity_on_time, line.item),
                    "why": said.limit(verdict.limit, shown.names.items, decision.today)
                    if verdict.limit is not None and verdict.verdict is not Verdict.yes
                    else "",
                }
            )
        return rows


def standing_of(option: Option) -> str:
    """What may be done about an option: free, ask somebody, stale, or deny."""
    if Refusal.feed_too_old in option.needs:
        return "stale"
    if not option.needs:
        return "free"
    return "ask" if option.ruling is not None and option.ruling.answer is Answer.ask else "deny"


def rules_of(option: Option, *, sees_costs: bool) -> list[str]:
    """Why it is not free to take, in words: each rule that is exceeded and by how much.

    By how much a price is too low says what it costs us, and is said only to those who may know.
    """
    ruling = option.ruling
    if ruling is None or ruling.answer is Answer.allow:
        return []
    said_of = [words.partition(": ")[2] or words for words in ruling.because]
    if not sees_costs:
        said_of = [
            "the price is lower than may be given" if _tells_cost(words) else words for words in said_of
        ]
    return [f"{words[:1].upper()}{words[1:]}." for words in dict.fromkeys(said_of)]


def _tells_cost(words: str) -> bool:
    return "margin" in words or "floor" in words


def taken(option: Option, left: dict[tuple[str, int], int], shown: Shown) -> list[dict[str, str]]:
    """What an option takes, and what is left of it afterwards."""
    rows = []
    for take in [*option.takes, *[take for made in option.makes for take in made.takes]]:
        kind = kind_of_key(take.key)

        def say(n: int, *, kind: Kind = kind, key: str = take.key) -> str:
            if kind is Kind.node:
                return shown.quantity(n, node_of(key)[0])
            return f"{n} min" if kind is Kind.resource else str(n)

        after = left.get((take.key, take.on))
        rows.append(
            {
                "what": said.thing(take.key),
                "href": links.node(*node_of(take.key)) if kind is Kind.node else "",
                "quantity": say(take.quantity),
                "on": said.day(take.on, shown.names.today),
                "left": "–" if after is None else say(after),
            }
        )
    return rows


def _figure(word: str, minor: int | None, note: str, shown: Shown, *, tone: str = "") -> dict[str, str]:
    return {
        "word": word,
        "value": shown.money(minor),
        "note": note if minor is not None else "",
        "tone": tone,
    }


def _plus(sum_minor: int | None, minor: int | None) -> int | None:
    return None if sum_minor is None or minor is None else sum_minor + minor


def _by_day(pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    days: dict[int, int] = {}
    for day, quantity in pieces:
        days[day] = days.get(day, 0) + quantity
    return sorted(days.items())


def _why_first(option: Option) -> str:
    """Why this one comes first."""
    if option.in_full_on_time:
        return "in full, on the day" if not option.needs else "in full, on the day, once agreed"
    return "the soonest for the least"
