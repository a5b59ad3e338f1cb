"""Every reason for a no, as it is said to people."""

from __future__ import annotations

import pytest

from accord.kit.days import day_of
from accord.promise.decide.sentence import refused
from accord.promise.model import Line, Refusal

LINE = Line(item="X", quantity=1, requested_on=day_of("2027-03-01"), site="S")


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        ("unknown_item", "There is no item X."),
        ("unknown_site", "There is no site S."),
        ("unknown_customer", "There is no customer C."),
        ("unknown_promise", "There is no promise P."),
        ("unknown_approval", "There is no such approval."),
        ("day_in_the_past", "Mon 1 Mar 2027 is in the past."),
        ("beyond_horizon", "Mon 1 Mar 2027 is further ahead than promises are made."),
        ("promise_is_not_a_hold", "P is not a hold: a commitment is cancelled, not released."),
        ("promise_is_not_a_commitment", "P is not a commitment: a hold is released, not cancelled."),
        ("promise_is_not_open", "P is no longer open."),
        ("already_delivered", "P has been delivered, at least in part."),
        ("hold_expired", "The hold P has expired."),
        ("hold_too_long", "A hold may not last that long."),
        ("hold_too_large", "That is more than may be held."),
        ("hold_renewed_too_often", "The hold P has been renewed as often as allowed."),
        ("approval_is_not_open", "This approval was given or declined before."),
        ("approval_expired", "The time for this approval has passed."),
        ("approver_is_requester", "Whoever asks, or made or amended the promise, does not approve it."),
        ("changed_since_asked", "What this approval is about was changed since it was asked."),
        ("changed_meanwhile", "Somebody else changed P meanwhile."),
        ("no_way_to_the_customer", "No site delivers to this customer."),
        ("no_source", "X is not in stock and cannot be made, moved or bought."),
        ("supply_short", "There is not enough supply."),
        ("capacity_full", "Capacity is full."),
        ("inside_fence", "The plan may not be changed that soon."),
        ("lead_time_too_long", "It takes longer to get."),
        ("lot_too_large", "The smallest lot is too large."),
        ("remaining_life_too_short", "What is there does not keep long enough."),
        ("protected_for_others", "What is there is kept for other customers."),
        ("later_than_accepted", "It would come later than the customer accepts."),
        ("split_not_accepted", "It would come in several deliveries."),
        ("not_allowed", "No right of yours covers it."),
        ("below_margin_floor", "The price is below its floor."),
        ("price_expired", "The price no longer holds."),
        ("approval_needed", "It needs approval."),
        ("option_is_gone", "The option that was chosen is no longer there."),
        ("choice_needed", "It takes a choice."),
        ("not_by_then", "It cannot be there by then."),
    ],
)
def test_a_refusal_is_a_sentence(refusal: str, sentence: str) -> None:
    assert refused(Refusal(refusal), line=LINE, customer="C", promise="P") == sentence


def test_where_there_is_no_line_nothing_of_it_is_named() -> None:
    assert (
        refused(Refusal.promise_is_not_open, line=None, customer=None, promise="P") == "P is no longer open."
    )
