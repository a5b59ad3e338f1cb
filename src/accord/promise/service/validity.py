"""Can a request be meant as it stands? What is wrong here is the caller's error, and is not stored."""

from __future__ import annotations

from accord.kit.errors import FieldError, InputError
from accord.promise.model import Request, Verb

QUANTITY_MAX = 10**12  # base units of one line
LINES_MAX = 500
TEXT_MAX = 200
PRICE_MAX = 10**12
_TEXTS = ("id", "customer", "promise", "option", "ref", "approval", "note")


def check(request: Request) -> InputError | None:
    """The error that names every field that is wrong, or None."""
    errors = [*_whole(request), *_lines(request)]
    return InputError(errors[0].detail, errors=errors) if errors else None


def _is_odd(request: Request) -> bool:
    """Whether a text of the request may be too long or hold a NUL; most are not even close together."""
    values = (
        request.id,
        request.customer,
        request.promise,
        request.option,
        request.ref,
        request.approval,
        request.note,
    )
    whole = "".join([value for value in values if value])
    return len(whole) > TEXT_MAX or "\0" in whole


def _whole(request: Request) -> list[FieldError]:
    errors = []
    if request.verb is not Verb.ask and not request.id:
        errors.append(
            FieldError(
                "/id",
                "missing",
                "The request needs an id of yours, so that a retry is harmless; give it one.",
            )
        )
    for name in _TEXTS if _is_odd(request) else ():
        value = getattr(request, name)
        if value is not None and (len(value) > TEXT_MAX or "\0" in value):
            errors.append(
                FieldError(
                    f"/{name}",
                    "too_long",
                    f"{name} has at most {TEXT_MAX} characters and no NUL; shorten it.",
                )
            )
    needs_promise = request.verb in (Verb.amend, Verb.release, Verb.cancel)
    if needs_promise and not request.promise:
        errors.append(
            FieldError(
                "/promise", "missing", f"Say which promise to {request.verb.value}: its id starts with prm_."
            )
        )
    settles = request.verb in (Verb.approve, Verb.decline)
    if settles and not request.approval:
        errors.append(
            FieldError(
                "/approval",
                "missing",
                f"Say which approval to {request.verb.value}: its id starts with apr_.",
            )
        )
    if settles and (request.promise or request.lines or request.option):
        errors.append(
            FieldError(
                "/approval",
                "not_expected",
                "An approval is given for exactly what was asked; say only which one.",
            )
        )
    if request.approval and not settles:
        errors.append(
            FieldError("/approval", "not_expected", "An approval is approved or declined; leave it out here.")
        )
    if request.verb is Verb.quote and (request.promise or request.asks_approval or request.hold_seconds):
        errors.append(
            FieldError(
                "/verb",
                "not_expected",
                "A quote states a price and takes nothing; leave out the promise, the approval and the length of a hold.",
            )
        )
    needs_lines = request.verb in (Verb.ask, Verb.quote, Verb.amend) or (
        request.verb in (Verb.hold, Verb.commit) and not request.promise
    )
    if needs_lines and not request.lines:
        errors.append(
            FieldError("/lines", "missing", "State at least one line: an item, a quantity and a day.")
        )
    if request.lines and request.verb in (Verb.release, Verb.cancel):
        errors.append(
            FieldError(
                "/lines",
                "not_expected",
                f"A promise is {request.verb.value}d as a whole; leave the lines out, or amend it.",
            )
        )
    if request.lines and request.promise and request.verb in (Verb.hold, Verb.commit):
        errors.append(
            FieldError(
                "/lines", "not_expected", "A promise that is there keeps its lines; amend it to change them."
            )
        )
    if len(request.lines) > LINES_MAX:
        errors.append(FieldError("/lines", "too_many", f"One order has at most {LINES_MAX} lines; split it."))
    if request.accept not in ("requested", "best"):
        errors.append(FieldError("/accept", "unknown", 'accept is "requested" or "best"; choose one.'))
    if request.hold_seconds is not None and request.hold_seconds < 1:
        errors.append(
            FieldError(
                "/hold_seconds",
                "too_small",
                "A hold lasts at least a second; state how long, or leave it out.",
            )
        )
    return errors


def _lines(request: Request) -> list[FieldError]:
    errors = []
    for index, line in enumerate(request.lines):
        where = f"/lines/{index}"
        if not line.item or len(line.item) > TEXT_MAX:
            errors.append(FieldError(f"{where}/item", "missing", "Name the item by its id."))
        if line.quantity < 1:
            errors.append(
                FieldError(
                    f"{where}/quantity",
                    "too_small",
                    f"The quantity is more than 0, not {line.quantity}; state how many.",
                )
            )
        if line.quantity > QUANTITY_MAX:
            errors.append(
                FieldError(
                    f"{where}/quantity",
                    "too_large",
                    f"The quantity is at most {QUANTITY_MAX} base units; check it.",
                )
            )
        if line.price_minor is not None and not 0 <= line.price_minor <= PRICE_MAX:
            errors.append(
                FieldError(
                    f"{where}/price_minor",
                    "out_of_range",
                    "The price is not negative and not absurd; check it.",
                )
            )
        if not 1 <= line.requested_on <= 3_652_059:
            errors.append(
                FieldError(
                    f"{where}/requested_on", "out_of_range", "The day is a date of the calendar; check it."
                )
            )
    return errors
