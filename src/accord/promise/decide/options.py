"""How do the ways to answer compare? Options of the whole request: priced, scored, put in order, with their difference."""

from __future__ import annotations

import msgspec

from accord.kit.days import Day
from accord.kit.digest import canonical, digest
from accord.kit.money import format_money
from accord.policy.model import Answer, Figures, Ruling
from accord.promise.decide.case import Case
from accord.promise.decide.needs import settled
from accord.promise.decide.plan import Plan, leaves_shares
from accord.promise.decide.price import cost_at, holds_seconds, is_thin, parts_of
from accord.promise.decide.reply import half_up
from accord.promise.decide.rights import figures_of, judged, needs_of
from accord.promise.decide.stale import old_under
from accord.promise.decide.verdict import is_denied
from accord.promise.decide.words import day_words, quantity_words
from accord.promise.model import Option, Piece, Refusal

_ORDER = {refusal: place for place, refusal in enumerate(Refusal)}


class Draft:
    """An option before it is compared: one plan for each line."""

    __slots__ = (
        "cost_minor",
        "days_late",
        "figures",
        "is_certain",
        "kind",
        "needs",
        "old",
        "pieces",
        "plans",
        "price_minor",
        "ruling",
    )

    def __init__(self, case: Case, kind: str, plans: list[Plan]) -> None:
        self.kind = kind
        self.plans = plans
        self.cost_minor = sum([plan.cost_minor for plan in plans])
        self.price_minor: int | None = 0
        needs = {need for plan in plans for need in plan.needs}
        for plan in plans:
            for piece in plan.pieces:
                line = case.request.lines[piece.line]
                price = case.price_of(line, piece.item)
                if price is None:
                    self.price_minor = None
                    continue
                if price < case.floor_of(piece.item):
                    needs.add(Refusal.below_margin_floor)
                whole = half_up(piece.quantity * price, case.graph.items[piece.item].scale)
                if is_thin(whole, piece.cost_minor, case.rules.margin_bp_min):
                    needs.add(Refusal.below_margin_floor)
                if self.price_minor is not None:
                    self.price_minor += whole
        self.is_certain = case.supposes  # what was counted too long ago was left out when it was found
        # Where it takes of that: nobody can agree to what nobody knows.
        self.old = frozenset[str]() if case.supposes else old_under(case, plans)
        if self.old:
            needs.add(Refusal.feed_too_old)
        self.needs = tuple(sorted(needs, key=_ORDER.__getitem__)) if needs else ()
        # All deliveries, line by line.
        self.pieces: tuple[Piece, ...] = (
            plans[0].pieces if len(plans) == 1 else sum((plan.pieces for plan in plans), ())
        )
        self.days_late = max(
            [plan.days_late for plan in plans]
        )  # of the latest delivery, against its line's day
        self.ruling: Ruling | None = None
        self.figures: Figures | None = None
        if case.book.rights is not None:
            self._judge(case)

    def _judge(self, case: Case) -> None:
        self.figures = figures_of(case, self.plans, below_floor=Refusal.below_margin_floor in self.needs)
        self.ruling, _ = judged(case, self.figures)
        if self.ruling is None or self.ruling.answer is Answer.allow:
            self.needs = (Refusal.feed_too_old,) if self.old else ()
        else:
            needs = {*self.needs, *needs_of(self.ruling)}
            self.needs = tuple(sorted(needs, key=_ORDER.__getitem__))

    @property
    def deliveries(self) -> int:
        """How many times something arrives."""
        if len(self.pieces) == 1:
            return 1
        return len({(piece.site, piece.deliver_on, piece.delivery) for piece in self.pieces})


def ranked(case: Case, drafts: list[Draft]) -> tuple[Option, ...]:
    """The options in order: those that need nobody's approval first, then those somebody may approve; by score, then by id.

    The best few of them.

    Equal offers are given once, as the first of them is; one that together takes what is set aside for others is none.
    """
    drafts = [draft for draft in drafts if leaves_shares(case, draft.plans, is_certain=draft.is_certain)]
    if not drafts:
        return ()
    if len(drafts) == 1:
        return (_option(case, drafts[0], drafts[0].cost_minor, _first(case, drafts[0])),)
    cheapest = min(draft.cost_minor for draft in drafts)
    built: dict[str, tuple[tuple[int, int, str], Draft, Option]] = {}
    for draft in drafts:
        option = _option(case, draft, cheapest)
        built.setdefault(option.id, ((_standing(option), option.score, option.id), draft, option))
    found = sorted(built.values(), key=lambda entry: entry[0])[: max(1, case.rules.options_max)]
    first = found[0][1]
    return tuple(
        msgspec.structs.replace(
            option, difference=_first(case, draft) if draft is first else _difference(case, first, draft)
        )
        for _, draft, option in found
    )


def _standing(option: Option) -> int:
    """What may be taken comes before what needs approval, and that before what may not be taken at all."""
    return 2 if is_denied(option) else 1 if option.needs else 0


def _option(case: Case, draft: Draft, cheapest: int, difference: str = "") -> Option:
    pieces = draft.pieces
    makes, takes = settled(case, draft.plans, is_certain=draft.is_certain)
    # What the customer would get and pay, not where it would come from: a receipt that moves makes no other offer.
    same = [(p.line, p.item, p.site, p.quantity, p.ship_on, p.deliver_on, p.delivery) for p in pieces]
    ident = digest(canonical((draft.kind, draft.price_minor, same)))[:20]
    price = draft.price_minor
    parts = parts_of(case.graph, pieces, makes)
    return Option(
        id=f"opt_{ident}",
        kind=draft.kind,
        in_full_on_time=draft.days_late == 0,
        pieces=pieces,
        takes=takes,
        makes=makes,
        days_late=draft.days_late,
        price_minor=price,
        cost_minor=draft.cost_minor,
        margin_minor=None if price is None else price - draft.cost_minor,
        score=_score(case, draft, cheapest),
        difference=difference,
        needs=draft.needs,
        cost_at=cost_at(case.graph, parts),
        price_seconds=holds_seconds(case.graph, case.rules, parts, case.now) if price is not None else 0,
        figures=draft.figures,
        ruling=draft.ruling,
    )


def _score(case: Case, draft: Draft, cheapest: int) -> int:
    """Points by the policy's weights; a day late counts for the share of its line that is late."""
    rules = case.rules
    late = 0
    for plan in draft.plans if draft.days_late else ():
        whole = sum(piece.quantity for piece in plan.pieces)
        days = sum(max(0, piece.deliver_on - plan.requested_on) * piece.quantity for piece in plan.pieces)
        late += half_up(rules.weigh_late_day * days, whole)
    points = half_up(late, len(draft.plans))
    value = draft.price_minor or draft.cost_minor
    if value > 0 and draft.cost_minor > cheapest:
        points += rules.weigh_cost_bp * (draft.cost_minor - cheapest) * 10_000 // value
    points += rules.weigh_delivery * (draft.deliveries - 1)
    kinds = [plan.kind for plan in draft.plans]
    points += rules.weigh_substitute if "substitute" in kinds else 0
    points += rules.weigh_other_site if "other_site" in kinds or "split_site" in kinds else 0
    points += rules.weigh_expedite if "expedite" in kinds else 0
    return points


# --- the difference in one line ---


def _first(case: Case, draft: Draft) -> str:
    """What the first option is, by itself."""
    if len(draft.plans) > 1:
        days = sorted({piece.deliver_on for piece in draft.pieces})
        when = day_words(days[0]) if len(days) == 1 else f"{day_words(days[0])} to {day_words(days[-1])}"
        return f"{len(draft.plans)} lines, {when}"
    return "; ".join([_deliveries(case, draft.plans[0]), *_manner(case, draft)])


def _difference(case: Case, first: Draft, draft: Draft) -> str:
    words: list[str] = []
    if len(draft.plans) > 1:
        last = max(piece.deliver_on for piece in draft.pieces)
        words.append(
            f"everything together on {day_words(last)}"
            if draft.kind == "ship_complete"
            else "each line as soon as it can"
        )
    elif [(p.quantity, p.deliver_on) for p in draft.pieces] != [
        (p.quantity, p.deliver_on) for p in first.pieces
    ]:
        words.append(_deliveries(case, draft.plans[0]))
    days = draft.days_late - first.days_late
    if days:
        words.append(f"{abs(days)} {'day' if abs(days) == 1 else 'days'} {'later' if days > 0 else 'sooner'}")
    words += _manner(case, draft)
    if (
        draft.price_minor is not None
        and first.price_minor is not None
        and draft.price_minor != first.price_minor
    ):
        words.append(f"price {_signed(case, draft.price_minor - first.price_minor)}")
    if draft.cost_minor != first.cost_minor:
        words.append(f"cost {_signed(case, draft.cost_minor - first.cost_minor)}")
    return ", ".join(words) or "the same day at the same cost"


def _manner(case: Case, draft: Draft) -> list[str]:
    """How it is done, in a few words: only what is out of the ordinary."""
    words: list[str] = []
    for plan in draft.plans:
        match plan.kind:
            case "substitute":
                words.append(f"{plan.item} instead of {case.request.lines[plan.pieces[0].line].item}")
            case "other_site" | "split_site":
                names = dict.fromkeys(case.graph.sites[piece.site].name for piece in plan.pieces)
                words.append("from " + " and ".join(names))
            case "expedite":
                words.append("expedited")
            case "borrow":
                words.append("from what is kept for other customers")
            case "inside_fence":
                words.append("with work that starts inside the fence")
            case "make":
                words.append("made for this")
            case "move":
                words.append("brought from another site")
            case "buy":
                words.append("bought for this")
            case _:
                pass
    if Refusal.not_allowed in draft.needs:
        words.append("not allowed")
    elif Refusal.feed_too_old in draft.needs:
        words.append("from stock that was counted too long ago")
    elif draft.needs:
        words.append("needs approval")
    return list(dict.fromkeys(words))


def _deliveries(case: Case, plan: Plan) -> str:
    by_day: dict[Day, int] = {}
    for piece in plan.pieces:
        by_day[piece.deliver_on] = by_day.get(piece.deliver_on, 0) + piece.quantity
    if len(by_day) == 1:
        return f"all on {day_words(next(iter(by_day)))}"
    record = case.graph.items[plan.item]
    return " + ".join(
        f"{quantity_words(part, record)} on {day_words(day)}" for day, part in sorted(by_day.items())
    )


def _signed(case: Case, minor: int) -> str:
    return ("+" if minor > 0 else "-") + format_money(abs(minor), case.rules.currency)
