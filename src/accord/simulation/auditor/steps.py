"""Did what was just decided break a promise that stood (I1)?

After a step that decided something, each key whose version moved is looked at: what the decision itself added and took
away is told apart from what time did in the same transaction (holds that ended, receipts that did not come), and on no
day on which the decision lowered the projection may the result be below zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from accord.simulation.auditor.coverage import unfilled
from accord.simulation.auditor.rows import ANYBODY, Row, Rows, Violation, capacity
from accord.simulation.auditor.shares import taken_from_others


def decided(
    rows: Rows,
    key: str,
    before: int,
    supplies: list[Row],
    draws: list[Row],
    terms: Mapping[str, frozenset[str]],
    drawn: tuple[Mapping[str, int], Mapping[str, int]],
) -> list[Violation]:
    """What decisions did to one key since version `before`, each at its own version of the key.

    The rows are those in force now or at any version since; `terms` what each promise's customer belongs to, `drawn` what
    each allocation had and has given out.
    """
    versions = sorted(
        {
            row[name]
            for row in (*supplies, *draws)
            for name in ("version_from", "version_to")
            if row[name] is not None and row[name] > before
        }
    )
    found: list[Violation] = []
    for version in versions:
        if not found:
            # Shares are looked at where one decision alone was made; between several nobody kept what was given out.
            found = _at(rows, key, version, supplies, draws, terms, drawn if len(versions) == 1 else None)
    return found


def _at(
    rows: Rows,
    key: str,
    version: int,
    supplies: list[Row],
    draws: list[Row],
    terms: Mapping[str, frozenset[str]],
    given: tuple[Mapping[str, int], Mapping[str, int]] | None,
) -> list[Violation]:
    there = [row for row in supplies if _in_force(row, version) and row["counts"] == "counted"]
    drawn = [row for row in draws if _in_force(row, version)]
    new = {row["id"]: row for row in supplies if row["version_from"] == version and row["proposed_by"]}
    made = [row for row in draws if row["version_from"] == version]
    # What was drawn anew says when; a hold that was over by then went with time, its receipts too.
    at = max((row["sequence"] // 1_000 for row in made), default=rows.now)
    gone = {
        row["id"]: row
        for row in supplies
        if row["version_to"] == version and row["proposed_by"] and not _was_over(row, at)
    }
    # What a hold proposed was never anybody else's: where it goes with the hold, both are left out of what was before.
    ended = {
        row["proposed_by"] for id, row in gone.items() if row["expires_at"] is not None and id not in new
    }
    # A proposed receipt that is there before and after was moved by time, or hardened: not taken away.
    change = _Change(
        new_draws=[row for row in draws if row["version_from"] == version and row["version_to"] != version],
        gone_draws=[
            row
            for row in draws
            if row["version_to"] == version
            and not _was_over(row, at)
            and not (row["expires_at"] is not None and row["promise"] in ended)
        ],
        new_supply=[row for id, row in new.items() if row["counts"] == "counted" and id not in gone],
        gone_supply=[
            row
            for id, row in gone.items()
            if row["counts"] == "counted" and id not in new and row["expires_at"] is None
        ],
    )
    today = rows.today(key)
    carries = key.startswith("node:")
    lowers = change.by_day(today, carries)
    level: dict[int, int] = defaultdict(int)
    for row in drawn:
        level[_day(row, today, carries)] -= row["quantity"]
    if carries:
        for row in there:
            level[_day(row, today, carries)] += row["quantity"]
    lowered = left = 0
    for day in sorted({*lowers, *level}):
        if carries:
            lowered, left = lowered + lowers[day], left + level[day]
        else:
            lowered, left = lowers[day], level[day] + capacity(rows.records, key, day)
        if lowered < 0 and left < 0:
            return [
                Violation(
                    "I1",
                    key,
                    f"a decision took {-lowered} by day {day}, which leaves {left}, at version {version}",
                )
            ]
    if not carries:
        return []
    anew, added = {row["id"] for row in change.new_draws}, {row["id"] for row in change.new_supply}
    before = (
        [row for row in there if row["id"] not in added] + change.gone_supply,
        [row for row in drawn if row["id"] not in anew] + change.gone_draws,
    )
    asked = {terms.get(row["promise"] or "", frozenset[str]()) for row in change.new_draws if row["promise"]}
    asked.discard(ANYBODY)
    found: list[Violation] = []
    if given is not None:
        found = taken_from_others(rows, key, before, (there, drawn), sorted(asked, key=sorted), given)
    if any(row["expires_on"] for row in there):
        found += _lots(key, today, there, drawn, before)
    return found


class _Change(NamedTuple):
    """What one version of a key brought and ended, of decisions alone."""

    new_draws: list[Row]
    gone_draws: list[Row]
    new_supply: list[Row]
    gone_supply: list[Row]

    def by_day(self, today: int, carries: bool) -> dict[int, int]:
        """How much it raises (+) or lowers (-) the projection, by day."""
        change: dict[int, int] = defaultdict(int)
        for sign, group in ((-1, self.new_draws), (1, self.gone_draws)):
            for row in group:
                change[_day(row, today, carries)] += sign * row["quantity"]
        if carries:
            for sign, group in ((1, self.new_supply), (-1, self.gone_supply)):
                for row in group:
                    change[_day(row, today, carries)] += sign * row["quantity"]
        return change


def _was_over(row: Row, at: int) -> bool:
    return row["expires_at"] is not None and row["expires_at"] <= at


def _in_force(row: Row, version: int) -> bool:
    return bool(row["version_from"] <= version and (row["version_to"] is None or version < row["version_to"]))


def _day(row: Row, today: int, carries: bool) -> int:
    day: int = row["on_day"]
    return max(day, today) if carries else day


def _lots(
    key: str, today: int, there: list[Row], drawn: list[Row], before: tuple[list[Row], list[Row]]
) -> list[Violation]:
    """With lots that expire: no more may be without a lot after the decision than without it."""
    left, was = unfilled(there, drawn, today), unfilled(*before, today)
    if left <= was:
        return []
    return [Violation("I1", key, f"a decision left {left} without a lot that lasts, {was} before it")]
