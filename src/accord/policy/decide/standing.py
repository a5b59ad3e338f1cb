"""How does an edition of the rules stand: is it in force, what does it wait for, or why will it never be?"""

from __future__ import annotations

from enum import StrEnum

from accord.kit.days import Instant
from accord.policy.model import Edition

AGREE_SECONDS_MAX = 30 * 86_400  # so long another person may agree; what lay longer nobody remembers


class Standing(StrEnum):
    """How an edition stands."""

    in_force = "in force"
    over = "was in force"
    needs_agreement = "waits for another person"
    needs_its_day = "waits for its day"
    withdrawn = "withdrawn"
    superseded = "superseded"  # others came into force while it waited: what it changes was judged against what is gone
    expired = "expired"  # nobody agreed in time


def standing(edition: Edition, in_force: str, now: Instant) -> Standing:
    """How it stands where the edition of this id is in force; "" = none is."""
    if edition.applied_at is not None:
        return Standing.in_force if edition.id == in_force else Standing.over
    if edition.withdrawn_at is not None:
        return Standing.withdrawn
    if not edition.second or edition.agreed_by:
        return Standing.needs_its_day
    if edition.over != in_force:
        return Standing.superseded
    if now - edition.stated_at > AGREE_SECONDS_MAX * 1_000_000:
        return Standing.expired
    return Standing.needs_agreement
