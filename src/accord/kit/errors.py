"""How Accord says that a caller, the world or Accord itself is wrong.

An error is never a business "no": that is a refusal, a value. Each class carries the HTTP status and the
exit code it ends in, so that every door answers alike. `as_problem` is the one translation to RFC 9457.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One field that is wrong, and what to do about it."""

    pointer: str  # JSON pointer or column name, as the caller knows it: "/lines/0/quantity"
    code: str  # a statement: "not_whole"
    detail: str  # a sentence for a person, ending in what to do


class AccordError(Exception):
    """Something that stops an action; nothing was changed."""

    status: ClassVar[int] = 500
    code: str = "error"
    title: ClassVar[str] = "The action could not be done"
    exit_code: ClassVar[int] = 1
    retryable: bool = False

    def __init__(
        self,
        detail: str,
        *,
        errors: Iterable[FieldError] = (),
        code: str | None = None,
        retryable: bool | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors: tuple[FieldError, ...] = tuple(errors)
        self.extra: dict[str, object] = dict(extra or {})
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable


class InputError(AccordError):
    """The input is well formed but says something that cannot be meant."""

    status = 422
    code = "invalid_input"
    title = "The input cannot be used"
    exit_code = 2

    @classmethod
    def at(cls, pointer: str, code: str, detail: str) -> Self:
        """The error of one field; its sentence is also the sentence of the whole."""
        return cls(detail, errors=(FieldError(pointer, code, detail),))


class Malformed(AccordError):
    """The input cannot even be read: broken JSON, wrong encoding."""

    status = 400
    code = "malformed"
    title = "The input cannot be read"
    exit_code = 2


class Unauthorized(AccordError):
    """Nobody known is asking."""

    status = 401
    code = "unauthorized"
    title = "Sign in first"
    exit_code = 1


class Denied(AccordError):
    """The actor is known and may not do this."""

    status = 403
    code = "denied"
    title = "This is not allowed"
    exit_code = 4


class NotFound(AccordError):
    """What was named does not exist, or not for this actor."""

    status = 404
    code = "not_found"
    title = "This does not exist"
    exit_code = 1


class Conflict(AccordError):
    """What was asked for no longer fits what is there now."""

    status = 409
    code = "changed_meanwhile"
    title = "This was changed meanwhile"
    exit_code = 5


class RequestChanged(AccordError):
    """The same request id came with other terms."""

    status = 422
    code = "request_changed"
    title = "The same request id was used with other terms"
    exit_code = 2


class _Later(AccordError):
    """An error that goes away by itself; says when to try again."""

    retryable = True

    def __init__(
        self,
        detail: str,
        *,
        retry_after_seconds: int = 1,
        errors: Iterable[FieldError] = (),
        code: str | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail, errors=errors, code=code, extra=extra)
        self.retry_after_seconds = retry_after_seconds


class TooMany(_Later):
    """The caller asks more often than it may."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"
    exit_code = 7


class Unavailable(_Later):
    """Accord or something it needs cannot answer now."""

    status = 503
    code = "unavailable"
    title = "Not available now"
    exit_code = 7


class Fault(AccordError):
    """Our bug: the transaction is lost and nothing is promised."""

    status = 500
    code = "fault"
    title = "Accord made a mistake"
    exit_code = 1


FAULT_DETAIL = (
    "Accord stopped because of a mistake of its own; nothing was changed. Report it with the request id."
)


def as_problem(error: AccordError, *, request_id: str, instance: str) -> dict[str, object]:
    """The RFC 9457 problem object of an error, as plain JSON values.

    The detail of a fault stays in the log: it may name internals. Members of `extra` never replace the standard ones.
    """
    problem: dict[str, object] = dict(error.extra)
    if isinstance(error, _Later):
        problem["retry_after_seconds"] = error.retry_after_seconds
    problem.update(
        type=f"/problems/{error.code}",
        title=error.title,
        status=error.status,
        detail=FAULT_DETAIL if isinstance(error, Fault) else error.detail,
        instance=instance,
        code=error.code,
        request_id=request_id,
        retryable=error.retryable,
        errors=[{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in error.errors],
    )
    return problem
