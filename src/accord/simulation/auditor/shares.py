"""Did a decision take what is set aside for somebody else?

What an allocation still grants its owners is what they have not drawn of it, as far as supply goes when higher ranks
have theirs. Whoever does not belong to it must leave that as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from accord.simulation.auditor.rows import Row, Rows, Violation, item_and_site


def taken_from_others(
    rows: Rows,
    key: str,
    before: tuple[list[Row], list[Row]],
    after: tuple[list[Row], list[Row]],
    terms: Iterable[frozenset[str]],
    drawn: tuple[Mapping[str, int], Mapping[str, int]],
) -> list[Violation]:
    """What requesters with these terms took of allocations they do not belong to.

    `before` and `after` are supplies and draws of the node, `drawn` what each allocation had and has given out.
    """
    item, site = item_and_site(key)
    shares = sorted(
        (a for a in rows.records.get("allocation", {}).values() if a["item"] == item and a["site"] == site),
        key=lambda a: (a["rank"], a["id"]),
    )
    today = rows.today(key)
    shares = [a for a in shares if (a.get("release_on") or a["until_on"]) > today]
    was, now = (
        _granted(shares, given, *state, today) for given, state in zip(drawn, (before, after), strict=True)
    )
    found = []
    for asked in terms:
        for share in shares:
            if not asked.issuperset(share["path"]) and now[share["id"]] < was[share["id"]]:
                detail = f"somebody else left {now[share['id']]} of the {was[share['id']]} that {share['id']} grants its owners"
                found.append(Violation("I1", key, detail))
    return found


def _granted(
    shares: list[Row], drawn: Mapping[str, int], supplies: list[Row], draws: list[Row], today: int
) -> dict[str, int]:
    change: dict[int, int] = defaultdict(int)
    for sign, group in ((1, supplies), (-1, draws)):
        for row in group:
            change[max(row["on_day"], today)] += sign * row["quantity"]
    found = {}
    for share in shares:
        start = max(share["from_on"], today)
        level = sum(quantity for day, quantity in change.items() if day <= start)
        least = level
        for day in sorted(day for day in change if day > start):
            level += change[day]
            least = min(least, level)
        unused = max(0, share["quantity"] - drawn.get(share["id"], 0))
        found[share["id"]] = max(0, min(unused, least))
        change[start] -= found[share["id"]]
    return found
