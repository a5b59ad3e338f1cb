"""What do the rows of one key say after the news?

A sheet is the rows of one key while supply news is applied. The functions change sheets and nothing else; what differs
from the rows as they were read is written at the end, the old rows kept with the version that ended them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from accord.kit.days import Day, Instant
from accord.ledger.decide.gate import counts, is_proposal, supply_row
from accord.ledger.decide.projection import Projection, unfilled_by_day
from accord.ledger.model import Commitment, Draw, Movement, Profile, State, Supply, SupplyKind, Why


class Sheet:
    """The rows of one key in force, by id, and what was read of them."""

    def __init__(
        self,
        profile: Profile,
        supplies: Iterable[Supply] = (),
        draws: Iterable[Draw] = (),
        commitments: Iterable[Commitment] = (),
    ) -> None:
        self.profile = profile
        self.supplies = {row.id: row for row in supplies}
        self.draws = {row.id: row for row in draws}
        self.commitments = {row.id: row for row in commitments}
        self.read_supplies = dict(self.supplies)
        self.read_draws = dict(self.draws)
        self.read_commitments = dict(self.commitments)
        self.movements: list[Movement] = []
        self.rolled_to = profile.rolled_to

    @property
    def key(self) -> str:
        """The key whose rows these are."""
        return self.profile.key

    def is_changed(self) -> bool:
        """Whether any row differs from what was read."""
        return (
            self.supplies != self.read_supplies
            or self.draws != self.read_draws
            or self.commitments != self.read_commitments
        )


def on_hand_id(lot: str | None, status: str) -> str:
    """The id of an on-hand row: one for each lot and status of a node."""
    return f"on_hand:{status}:{lot or ''}"


def count(
    sheet: Sheet,
    *,
    quantity: int,
    as_of: Instant,
    sequence: int,
    lot: str | None,
    expires_on: Day | None,
    status: str,
    today: Day,
    moved_since: int,
) -> str | None:
    """Take in an on-hand count; `moved_since` is the sum of movements of that lot after its moment.

    Returns a sentence when the count is older than the one that is known and so not applied.
    """
    ident = on_hand_id(lot, status)
    known = sheet.supplies.get(ident)
    if known is not None and (known.as_of, known.sequence) > (as_of, sequence):
        return (
            f"A later count of {sheet.key} is already known; this one, of an earlier moment, was not applied."
        )
    why = Why.counted if status == "available" else Why.blocked
    if expires_on is not None and expires_on < today:
        why = Why.expired
    sheet.supplies[ident] = Supply(
        key=sheet.key,
        id=ident,
        kind=SupplyKind.on_hand,
        quantity=max(0, quantity + (moved_since if status == "available" else 0)),
        on=0,
        status=status,
        lot=lot,
        expires_on=expires_on,
        counts=why,
        as_of=as_of,
        sequence=sequence,
    )
    return None


def move(sheet: Sheet, movement: Movement, *, expires_on: Day | None = None, today: Day) -> str | None:
    """Bring on hand up to date with goods that came or left. Goods that leave without a lot take the earliest expiry first,
    those of a lot that nobody counted by itself what was counted without one.

    A count whose moment is later already contains the movement. What is kept of a movement names the lot that it took: a
    count of that lot that comes later and is older must lose it. Returns a sentence when more left than was known there.
    """
    if movement.quantity >= 0:
        sheet.movements.append(movement)
        ident = on_hand_id(movement.lot, "available")
        known = sheet.supplies.get(ident)
        if known is not None and known.as_of >= movement.at:
            return None
        if known is None:
            why = Why.expired if expires_on is not None and expires_on < today else Why.counted
            known = Supply(
                key=sheet.key,
                id=ident,
                kind=SupplyKind.on_hand,
                quantity=0,
                on=0,
                lot=movement.lot,
                expires_on=expires_on,
                counts=why,
            )
        sheet.supplies[ident] = msgspec.structs.replace(known, quantity=known.quantity + movement.quantity)
        return None
    left = -movement.quantity
    there = [
        row for row in sheet.supplies.values() if row.kind is SupplyKind.on_hand and row.status == "available"
    ]
    rows = there
    if movement.lot is not None:
        own = [row for row in there if row.lot == movement.lot]
        rows = own or [row for row in there if row.lot is None]
    if rows and all(row.as_of >= movement.at for row in rows):
        sheet.movements.append(movement)
        return None
    taken: list[tuple[str | None, int]] = []
    for row in sorted(rows, key=lambda row: (row.expires_on or 10_000_000, row.id)):
        if row.as_of >= movement.at:
            continue
        part = min(left, row.quantity)
        left -= part
        sheet.supplies[row.id] = msgspec.structs.replace(row, quantity=row.quantity - part)
        if part:
            taken.append((row.lot, part))
    if left:
        taken.append((movement.lot, left))
    for n, (lot, part) in enumerate(taken):
        ident = f"{movement.id}/{n}" if n else movement.id
        sheet.movements.append(msgspec.structs.replace(movement, id=ident, quantity=-part, lot=lot))
    if left:
        return f"{left} more left {sheet.key} than was on hand there; count it."
    return None


def treated(supply: Supply, today: Day, *, late_receipt_days: int | None, fence_days: int) -> Supply:
    """A receipt as the policy counts it today: overdue ones move or no longer count, planned ones not inside the fence."""
    if supply.kind is SupplyKind.on_hand:
        if supply.expires_on is not None and supply.expires_on < today and supply.counts is Why.counted:
            return msgspec.structs.replace(supply, counts=Why.expired)
        return supply
    if supply.expires_at is not None:
        return supply
    why, on = supply.counts, supply.on
    if why in (Why.late, Why.inside_fence, Why.doubtful):
        why = Why.counted
    if on < today:
        if late_receipt_days is None:
            why = Why.late
        else:
            on = today + late_receipt_days
    if why is Why.counted and not supply.released and supply.proposed_by is None and on < today + fence_days:
        why = Why.inside_fence
    if why is Why.counted and supply.doubts:
        why = Why.doubtful
    return msgspec.structs.replace(supply, counts=why, on=on, due_on=supply.due_on or supply.on)


def needs_roll(profile: Profile, today: Day, fence_days: int) -> bool:
    """Whether the day roll would change anything at a node: a receipt or a shipment is overdue, a plan was not released in
    time, or a lot no longer lasts for what was not shipped."""
    if profile.rolled_to >= today:
        return False
    if profile.planned_on is not None and profile.planned_on < today + fence_days:
        return True
    if any(0 < row[0] < today or 0 < row[4] < today for row in profile.supply):
        return True
    if any(profile.rolled_to <= row[0] < today for row in profile.draws):
        return True
    return any(
        on < today and profile.rolled_to <= expires - life < today
        for on, life, _quantity in profile.draws
        if life
        for _on, _supplied, _id, _ref, expires in profile.supply
        if expires
    )


def roll(sheet: Sheet, today: Day, *, late_receipt_days: int | None, fence_days: int) -> None:
    """A site's midnight passed: judge what is overdue."""
    for row in list(sheet.supplies.values()):
        sheet.supplies[row.id] = treated(
            row, today, late_receipt_days=late_receipt_days, fence_days=fence_days
        )
    sheet.rolled_to = today


def expire(sheet: Sheet, now: Instant) -> list[Commitment]:
    """Give back what expired holds drew and proposed; the commitments that end with it."""
    owners = set()
    for draw in [d for d in sheet.draws.values() if d.expires_at is not None and d.expires_at <= now]:
        owners.add(sheet.draws.pop(draw.id).owner)
    for supply in [s for s in sheet.supplies.values() if s.expires_at is not None and s.expires_at <= now]:
        del sheet.supplies[supply.id]
    ended = [c for c in sheet.commitments.values() if c.id in owners and c.state is State.held]
    for commitment in ended:
        sheet.commitments[commitment.id] = msgspec.structs.replace(commitment, state=State.expired)
    return ended


def ship(sheet: Sheet, commitment: Commitment, quantity: int) -> Commitment:
    """A shipment left: the commitment is fulfilled by so much, and its draw on the node shrinks; it closes by itself."""
    fulfilled = commitment.fulfilled + quantity
    state = State.fulfilled if fulfilled >= commitment.quantity else commitment.state
    new = msgspec.structs.replace(commitment, fulfilled=fulfilled, state=state)
    sheet.commitments[new.id] = new
    for draw in sorted((d for d in sheet.draws.values() if d.owner == new.id), key=lambda d: d.id):
        part = min(draw.quantity, quantity)
        quantity -= part
        if part == draw.quantity:
            del sheet.draws[draw.id]
        elif part:
            sheet.draws[draw.id] = msgspec.structs.replace(draw, quantity=draw.quantity - part)
    return new


def orphans(sheets: Mapping[str, Sheet], closed: frozenset[str], today: Callable[[str], Day]) -> list[Supply]:
    """Proposed receipts of promises that ended on which nobody draws: their node does without them, too. `today`: of a key.

    What somebody carries out already stays, with what it takes: it is stopped by who does, not by us.
    Each is tried on what the ones before it left, in the order of key and id. What a hold proposed goes with it.
    """
    gone: list[Supply] = []
    for key in sorted(sheets):
        sheet = sheets[key]
        steps: dict[Day, int] = {}
        for supply in sheet.supplies.values():
            if counts(supply):
                steps[supply.on] = steps.get(supply.on, 0) + supply.quantity
        for draw in sheet.draws.values():
            steps[draw.on] = steps.get(draw.on, 0) - draw.quantity
        there = {supply.id: supply_row(supply) for supply in sheet.supplies.values() if counts(supply)}
        for supply in sorted(sheet.supplies.values(), key=lambda s: s.id):
            if not is_proposal(supply) or supply.proposed_by not in closed:
                continue
            if not counts(supply) or supply.expires_at is not None:
                gone.append(supply)
                continue
            without = {**steps, supply.on: steps[supply.on] - supply.quantity}
            rest = {id: row for id, row in there.items() if id != supply.id}
            # What leaves before it comes takes of what is there by then, and leaves so much less for the others.
            if Projection(without).floor(supply.on) >= 0 and not _misses_lots(sheet, there, rest, today(key)):
                steps, there = without, rest
                gone.append(supply)
    return gone


_Rows = Mapping[str, tuple[Day, int, str, str, Day]]


def _misses_lots(sheet: Sheet, there: _Rows, rest: _Rows, today: Day) -> bool:
    """Whether draws need what the rest lacks because of what expires: there is enough, but it does not last for them."""
    if not any(row[4] for row in there.values()):
        return False
    draws = [(draw.on, draw.life_days, draw.quantity) for draw in sheet.draws.values()]
    before = unfilled_by_day(there.values(), draws, today)
    after = unfilled_by_day(rest.values(), draws, today)
    return any(missing > before.get(slot, 0) for slot, missing in after.items())
