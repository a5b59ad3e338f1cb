"""Which of the options does the request take?"""

from __future__ import annotations

from accord.policy.model import Answer
from accord.promise.decide.verdict import CONDITIONS
from accord.promise.model import Option, Refusal, Request, Verb, Verdict


def choose(
    request: Request, options: tuple[Option, ...], verdict: Verdict, offered: str
) -> tuple[int | None, list[Refusal]]:
    """The index of the option that is taken, or why none is; nothing for an ask.

    A named option is taken if it needs no approval. A number means a place in the list the caller saw, so with another
    list since (`digest`) only an option's id still says which is meant. Without a name the first option counts that
    needs no approval and keeps the requested day in full without a condition that somebody must agree to first: a
    substitute, two sites, the cost of expediting. A caller who accepts the best of any day takes the first without approval.
    """
    if request.verb is Verb.ask:
        return None, []
    if request.option is not None:
        place = _named(request, options, offered)
        if place is None:
            return None, [Refusal.option_is_gone]
        return (None, list(options[place].needs)) if options[place].needs else (place, [])
    is_best = request.accept == "best"
    if verdict is Verdict.yes_but and not is_best:
        return None, [Refusal.choice_needed]
    wanted = [
        place
        for place, option in enumerate(options)
        # What nobody knows is no reason why nothing is taken: that the day is not kept is one.
        if Refusal.feed_too_old not in option.needs
        and (is_best or (option.in_full_on_time and (option.needs or option.kind not in CONDITIONS)))
    ]
    for place in wanted:
        if not options[place].needs:
            return place, []
    if wanted:
        return None, list(options[wanted[0]].needs)
    return None, [Refusal.not_by_then] if options and verdict is not Verdict.cannot_know else []


def _named(request: Request, options: tuple[Option, ...], offered: str) -> int | None:
    name = request.option or ""
    for place, option in enumerate(options):
        if option.id == name:
            return place
    if request.digest is not None and request.digest != offered:
        return None
    if name.isascii() and name.isdigit() and 1 <= int(name) <= len(options):
        return int(name) - 1
    return None


def asked_for(request: Request, options: tuple[Option, ...], offered: str) -> int | None:
    """The index of the option for which approval is asked: the one named, else the first that somebody could approve."""
    if request.option is not None:
        place = _named(request, options, offered)
        return place if place is not None and _may_be_approved(options[place]) else None
    for place, option in enumerate(options):
        if _may_be_approved(option) and (request.accept == "best" or option.in_full_on_time):
            return place
    return None


def _may_be_approved(option: Option) -> bool:
    # Nobody makes known by agreeing what nobody knows.
    return (
        Refusal.feed_too_old not in option.needs
        and option.ruling is not None
        and option.ruling.answer is Answer.ask
    )
