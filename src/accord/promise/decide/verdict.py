"""What is the answer in one word?"""

from __future__ import annotations

from accord.promise.model import LineVerdict, Option, Refusal, Verdict

# On the day and in full, but in a way the customer or we must agree to.
CONDITIONS = frozenset({"split_site", "substitute", "expedite", "inside_fence"})


def verdict_of(
    options: tuple[Option, ...], lines: tuple[LineVerdict, ...] = (), *, is_open: bool = False
) -> Verdict:
    """The answer that the options, in their order, amount to; `lines` are those of an order of several.

    `is_open`: what was counted too long ago could, counted again, make a better answer of one that does not keep the day.
    """
    on_time = [option for option in options if option.in_full_on_time]
    free = [option for option in on_time if not option.needs]
    if free:
        kinds = {option.kind for option in free}
        if kinds <= CONDITIONS:
            return Verdict.yes_but
        by_line_only = kinds == {"by_line"}
        has_conditions = by_line_only and any(line.verdict is Verdict.yes_but for line in lines)
        return Verdict.yes_but if has_conditions else Verdict.yes
    if not all(is_denied(option) for option in on_time):
        return Verdict.needs_approval
    if is_open:
        return Verdict.cannot_know
    return Verdict.cannot_promise if all(is_denied(option) for option in options) else Verdict.not_by_then


def is_denied(option: Option) -> bool:
    """Whether the actor may not take it, nor ask anybody for it: no right covers it, or what it takes is not known."""
    return Refusal.not_allowed in option.needs or Refusal.feed_too_old in option.needs
