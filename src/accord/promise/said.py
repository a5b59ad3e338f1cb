"""How is an answer said to people?

The sentence of a decision is the decision's own. Here are the words around it: what a verdict and a refusal are
called, what limits, and what a source of supply is. Quantities come out in the unit people state.
"""

from __future__ import annotations

from collections.abc import Mapping

from accord.kit.days import Day
from accord.kit.money import format_money
from accord.kit.quantity import format_quantity
from accord.ledger.model import Item, Kind, kind_of_key, node_of
from accord.ledger.said import day as day
from accord.ledger.said import thing as thing
from accord.policy.model import Answer, Ruling
from accord.promise.model import Decision, Limit, Refusal, Verb, Verdict

VERDICTS: Mapping[Verdict, str] = {
    Verdict.yes: "Yes",
    Verdict.yes_but: "Yes, but",
    Verdict.needs_approval: "Needs approval",
    Verdict.not_by_then: "Not by then",
    Verdict.cannot_promise: "Cannot promise",
    Verdict.cannot_know: "Cannot know",
    Verdict.done: "Done",
}

# What each refusal says, and what one can do about it. Every member of Refusal is here: a test holds that.
REFUSALS: Mapping[Refusal, tuple[str, str]] = {
    Refusal.unknown_item: ("There is no such item.", "Check the item's id, or import the item first."),
    Refusal.unknown_site: ("There is no such site.", "Check the site's id, or leave the site open."),
    Refusal.unknown_customer: ("There is no such customer.", "Check the customer's id, or import the customer first."),
    Refusal.unknown_promise: ("There is no such promise.", "Copy the id whole: it begins with prm_."),
    Refusal.unknown_approval: ("There is no such approval.", "Copy the id whole: it begins with apr_."),
    Refusal.day_in_the_past: ("The requested day has passed.", "Ask for today or a later day."),
    Refusal.beyond_horizon: ("The day is further ahead than promises may lie.", "Ask for an earlier day, or have the policy's horizon raised."),
    Refusal.promise_is_not_a_hold: ("The promise is not a hold.", "Only holds are released, renewed or hardened. Cancel ends a commitment."),
    Refusal.promise_is_not_a_commitment: ("The promise is not a commitment.", "Only commitments are cancelled. Release ends a hold."),
    Refusal.promise_is_not_open: ("The promise is closed: released, cancelled, expired or fulfilled.", "Ask anew."),
    Refusal.already_delivered: ("It has already been delivered, wholly or in part.", "Amend what is still open."),
    Refusal.hold_expired: ("The hold has expired.", "Ask anew: what was held may still be there."),
    Refusal.hold_too_long: ("The hold is longer than the policy allows.", "Ask for a shorter hold."),
    Refusal.hold_too_large: ("The hold is larger than the policy allows.", "Hold less, or commit."),
    Refusal.hold_renewed_too_often: ("The hold was renewed as often as the policy allows.", "Commit or release it."),
    Refusal.approval_is_not_open: ("This approval was given or declined before.", "Look at what it came to."),
    Refusal.approval_expired: ("The time for this approval has passed.", "Have it asked for again."),
    Refusal.approver_is_requester: ("Whoever asks, or made or amended the promise, does not approve it.", "Leave it to somebody else who has the role."),
    Refusal.changed_meanwhile: ("The promise was changed by somebody else meanwhile.", "Look at how it is now, and say it again."),
    Refusal.changed_since_asked: ("What the approval is about was changed since it was asked.", "Have it asked for again, as it is now."),
    Refusal.feed_too_old: ("What is known of the stock is too old to promise on.", "Have it counted, or the system that counts it connected again."),
    Refusal.no_way_to_the_customer: ("No site delivers to this customer.", "Add a delivery from a site to the customer's zone."),
    Refusal.no_source: ("It is not in stock, and there is no way to make, move or buy it.", "Add a source for the item, or ask for another item."),
    Refusal.supply_short: ("There is not enough supply by then.", "Take an option, or ask for less or later."),
    Refusal.capacity_full: ("The capacity that would make it is full by then.", "Take an option, or ask for less or later."),
    Refusal.inside_fence: ("Work that soon may not be planned any more.", "Ask for a day after the fence."),
    Refusal.lead_time_too_long: ("It takes longer than that to make, move or buy it.", "Ask for a later day, or take an expedited option."),
    Refusal.lot_too_large: ("The smallest lot is more than the customer may be given.", "Ask for a whole lot."),
    Refusal.remaining_life_too_short: ("What is there would expire too soon for this customer.", "Ask for a later day, when fresher supply is there."),
    Refusal.protected_for_others: ("What is there is set aside for others.", "Ask again after the release day, or have it approved to borrow."),
    Refusal.later_than_accepted: ("It would come later than the customer accepts.", "Ask the customer whether a later day will do."),
    Refusal.split_not_accepted: ("It could come only in several deliveries, which the customer does not accept.", "Ask the customer whether a split will do."),
    Refusal.not_allowed: ("No right of yours covers this, and nobody may be asked for it.", "Take an option that you may take, or have the policy changed."),
    Refusal.below_margin_floor: ("The price is below the floor.", "Raise the price, or have it approved."),
    Refusal.price_expired: ("The price no longer holds: what it costs has risen since.", "Amend the hold with a price of today, then commit it."),
    Refusal.approval_needed: ("Somebody must approve this first.", "Ask whoever has the right, or take an option that needs no approval."),
    Refusal.option_is_gone: ("What you looked at is no longer there.", "Look at the fresh options."),
    Refusal.choice_needed: ("It can be kept, but only in a way that somebody must agree to.", "Name the option to take."),
    Refusal.not_by_then: ("It cannot be there in full by the requested day.", "Take one of the options, or ask for less or later."),
}  # fmt: skip

_KINDS = {
    "full": "In full, on time",
    "later": "In full, later",
    "split": "Split by date",
    "split_site": "Split by site",
    "other_site": "From another site",
    "substitute": "Substitute",
    "make": "Made for it",
    "move": "Moved for it",
    "buy": "Bought for it",
    "expedite": "Expedited",
    "borrow": "Borrowed from another share",
    "inside_fence": "Inside the fence",
    "by_line": "Each line at its best",
    "ship_complete": "All lines together",
}

_SOURCES = {"make": "make", "move": "move", "buy": "buy"}


def is_done(decision: Decision) -> bool:
    """Whether a decision did what its request wanted: took an option, or changed a promise that takes none."""
    if decision.request.verb is Verb.ask or is_asking(decision):
        return False
    return decision.chosen is not None or (
        not decision.refusals and decision.verdict in (Verdict.yes, Verdict.done)
    )


def is_asking(decision: Decision) -> bool:
    """Whether a decision asked somebody else to approve, and did nothing but keep the supply, where it may be held."""
    return decision.approval is not None and decision.request.verb not in (Verb.approve, Verb.decline)


def ruling(found: Ruling) -> str:
    """What the rights say, in a sentence: "Allowed by seller-commit.", "The sales manager must agree (seller-more)."."""
    if found.answer is Answer.allow:
        return f"Allowed by {found.by}."
    by = f" ({found.by})" if found.by else ""
    return f"The {found.ask} must agree{by}." if found.answer is Answer.ask else f"Not allowed{by}."


def quantity(n: int, item: str, items: Mapping[str, Item]) -> str:
    """Base units of an item in the unit people state, without its name: "500", "2.5"."""
    known = items.get(item)
    return format_quantity(n, known.scale if known is not None else 1)


def money(minor: int | None, currency: str) -> str:
    """An amount, or a dash where no price is known."""
    return "–" if minor is None else format_money(minor, currency)


def source(text: str) -> str:
    """A source of supply in words: "on hand", "PO 4711", "make: assemble pumps"."""
    first, _, rest = text.partition(":")
    return f"{_SOURCES[first]}: {rest}" if first in _SOURCES and rest else text


def kind(text: str) -> str:
    """An option's kind in words."""
    return _KINDS.get(text, text.replace("_", " ").capitalize())


def limit(found: Limit, items: Mapping[str, Item], today: Day) -> str:
    """The step that limits, in one sentence: "X-100 at Halden is 80 short on Wed 10 Mar; PO 4711 brings more on Tue 16 Mar."."""
    counted = kind_of_key(found.key) if ":" in found.key else None
    name = thing(found.key) if counted is not None else found.key
    if counted is Kind.node:
        short = quantity(found.short, node_of(found.key)[0], items)
    elif counted is Kind.resource:
        short = f"{found.short} minutes"
    else:
        short = str(found.short)
    words = (
        f"{name} is {short} short on {day(found.on, today)}"
        if found.short
        else f"{name}, {day(found.on, today)}"
    )
    if found.until is not None:
        words += f"; {source(found.ref) or 'more'} comes on {day(found.until, today)}"
    return f"{REFUSALS[found.why][0]} {words}."
