"""What is the answer in one word?"""

from __future__ import annotations

from accord.promise.model import Option, Verdict

# On the day and in full, but in a way the customer or we must agree to.
_CONDITIONS = frozenset({"split_site", "substitute", "expedite"})


def verdict_of(options: tuple[Option, ...]) -> Verdict:
    """The answer that the options, in their order, amount to."""
    if not options:
        return Verdict.cannot_promise
    on_time = [option for option in options if option.in_full_on_time]
    free = [option for option in on_time if not option.needs]
    if free:
        return Verdict.yes_but if all(option.kind in _CONDITIONS for option in free) else Verdict.yes
    return Verdict.needs_approval if on_time else Verdict.not_by_then
