"""What is said when something is wrong?

One translation from every error to a problem of RFC 9457, and for every code a page that says what it means and what
to do: the `type` of each problem is the address of its page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)
from litestar.response import Response, Template

from accord.kit import errors as kit
from accord.kit.errors import (
    AccordError,
    Fault,
    FieldError,
    InputError,
    Malformed,
    NotFound,
    Unauthorized,
    as_problem,
)
from accord.kit.ids import new_id
from accord.promise import said
from accord.promise.model import Refusal

_LOG = structlog.get_logger("accord.web")

PROBLEM_JSON = "application/problem+json"
BODY_BYTES_MAX = 1_048_576


class TooLarge(AccordError):
    """The body is larger than any request needs to be."""

    status = 413
    code = "too_large"
    title = "The body is too large"
    exit_code = 2


class NotJson(AccordError):
    """The body is of a media type that is not spoken here."""

    status = 415
    code = "not_json"
    title = "The body is not JSON"
    exit_code = 2


class NotAllowed(AccordError):
    """The address is there, but does not take this method."""

    status = 405
    code = "method_not_allowed"
    title = "This address does not take this method"
    exit_code = 2


class KeyMissing(Malformed):
    """What changes something needs an Idempotency-Key, so that a retry does no harm."""

    code = "idempotency_key_missing"
    title = "The header Idempotency-Key is missing"


class Forbidden(kit.Denied):
    """The key is good, but its scopes do not cover this."""

    code = "scope_missing"
    title = "This key may not do this"


# What one can do about each error, for its page; refusals bring their own words.
_THEN = {
    "error": "Try again; report it with the request id if it stays.",
    "invalid_input": "The member `errors` points at each field and says what was expected there. Nothing was changed; send it again when it is right.",
    "malformed": "Send UTF-8 encoded JSON. The detail names the byte at which reading stopped.",
    "unauthorized": "Send `Authorization: Bearer KEY`. Keys are made with `accord key add`.",
    "denied": "Ask somebody who has the right, or have the policy changed.",
    "not_found": "Check the id: ids are copied whole and carry their kind.",
    "changed_meanwhile": "Look at what is there now and decide again.",
    "request_changed": "The same Idempotency-Key came with another body. Use a new key for a new request; to repeat a request, send the same body.",
    "too_many_requests": "Wait as long as the header Retry-After says.",
    "unavailable": "Send it again with the same Idempotency-Key after the time in Retry-After. Nothing was changed, unless the detail says that this is not known: then the same key finds it out, and nothing is done twice.",
    "fault": "Accord made a mistake and stopped; nothing was changed. Report it with the request id.",
    "constraint_broken": "The database refused a row that Accord should not have written; nothing was changed. Report it with the request id.",
    "too_large": f"A body has at most {BODY_BYTES_MAX:,} bytes. Send several requests.",
    "not_json": "Send `Content-Type: application/json`.",
    "method_not_allowed": "The header Allow and the description at /v1/openapi.json list what there is.",
    "idempotency_key_missing": "Send a header `Idempotency-Key` with an id of your own, and the same one when you retry.",
    "not_your_role": "The member `rule` says who may. Ask one of them to do it, or an administrator to give you the role.",
    "not_yours": "The member `rule` says who may. Ask whoever made it, or their manager.",
    "scope_missing": "Make a key with the scope that the detail names: `accord key add NAME --scope …`.",
    "not_imported": "The member `problems` groups the rows by what repairs them, `questions` says what only you know. Say it with `POST /v1/imports/{id}:check`, or repair the file.",
    "import_not_checked": "Look at the import's member `problem`, say what it asks for, check it again, then commit it.",
    "undo_refused": "The member `facts` names what came later. Import what is right now instead.",
    "other_world": "Nothing was changed. Switch back to where the form was opened, or open the page anew.",
    "no_practice": "Start the server with `accord serve --practice URL`; a file has practice beside it without that.",
    "not_for_practice": "Name an empty database with `--practice`, or one that was made for practice before.",
    "cannot_promise": "The member `options` holds what can be promised instead; name one with `option` and `digest`.",
}  # fmt: skip


class ProblemPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of one code says."""

    code: str
    title: str
    status: int
    what: str
    then: str
    is_retryable: bool


def pages() -> dict[str, ProblemPage]:
    """The page of every code that a problem can carry."""
    kinds: list[type[AccordError]] = [AccordError, *_children(AccordError)]
    found = {
        one.code: ProblemPage(
            code=one.code,
            title=one.title,
            status=one.status,
            what=(one.__doc__ or one.title).splitlines()[0],
            then=_THEN.get(one.code, _THEN["error"]),
            is_retryable=one.retryable,
        )
        for one in kinds
    }
    for refusal in Refusal:
        what, then = said.REFUSALS[refusal]
        found[refusal.value] = ProblemPage(
            code=refusal.value,
            title=what.rstrip("."),
            status=HTTPStatus.CONFLICT,
            what=what,
            then=f"{then} The problem's member `options` holds what can be promised instead.",
            is_retryable=False,
        )
    return found


def _children(kind: type[AccordError]) -> Iterator[type[AccordError]]:
    for child in kind.__subclasses__():
        if not child.__name__.startswith("_"):
            yield child
        yield from _children(child)


# --- from an error to a response ---


def response_of(request: Request[Any, Any, Any], error: Exception) -> Response[bytes] | Template:
    """The problem that any exception of a route ends in."""
    known = meaning(error)
    state: dict[str, Any] = request.scope.get("state", {})
    request_id: str = state.get("request_id") or new_id("req")
    if isinstance(known, Fault):
        _LOG.error("fault", request_id=request_id, path=_path(request), detail=known.detail, exc_info=error)
    instance = request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0]
    problem = as_problem(known, request_id=getattr(known, "request_id", request_id), instance=instance)
    if problem["code"] not in pages():
        problem["type"] = f"/problems/{type(known).code}"
    headers: dict[str, str] = {
        "X-Request-Id": request_id,
        **state.get("headers", {}),
        **state.get("extra_headers", {}),
    }
    if isinstance(known, Unauthorized):
        headers["WWW-Authenticate"] = 'Bearer realm="accord"'
    if isinstance(known, NotAllowed):
        headers.update(known.extra.get("headers", {}))  # type: ignore[call-overload]
        problem.pop("headers", None)
    later = getattr(known, "retry_after_seconds", None)
    if later is not None:
        headers["Retry-After"] = str(later)
    if not request.scope["path"].startswith("/v1/") and _is_for_a_person(request):
        if isinstance(error, NotFoundException):
            problem["detail"] = (
                "There is nothing at this address. Check how it is written, or go on from here."
            )
        if "rule" in problem:
            return Template("not_allowed.html", context=problem, status_code=known.status, headers=headers)
        return Template("wrong.html", context=problem, status_code=known.status, headers=headers)
    return Response(
        msgspec.json.encode(problem), status_code=known.status, media_type=PROBLEM_JSON, headers=headers
    )


def _path(request: Request[Any, Any, Any]) -> str:
    """The address, for the log: without what lets in whoever reads it."""
    path: str = request.scope["path"]
    secret = str(request.scope.get("path_params", {}).get("secret", ""))
    return path.replace(secret, "…") if secret else path


def _is_for_a_person(request: Request[Any, Any, Any]) -> bool:
    headers = dict(request.scope["headers"])
    # A step that a script takes for somebody accepts anything, and puts it into the page.
    return b"text/html" in headers.get(b"accept", b"") or b"hx-boosted" in headers


def meaning(error: Exception) -> AccordError:
    """What an exception of the framework, or of anything else, means to a caller."""
    if isinstance(error, AccordError):
        return error
    if isinstance(error, UnicodeDecodeError):
        return Malformed(f"The body is not UTF-8: byte {error.start} cannot be read. Encode it as UTF-8.")
    if isinstance(error, ValidationException):
        return _invalid(error)
    if isinstance(error, SerializationException) or isinstance(error.__cause__, SerializationException):
        words = str(error.__cause__ or error).removeprefix("JSON is malformed: ")
        return Malformed(f"The body is not JSON: {words}. Check the place that is named.")
    if isinstance(error, RecursionError):
        return Malformed("The body is nested too deeply. Requests are five levels deep at most.")
    if isinstance(error, MethodNotAllowedException):
        return NotAllowed(
            "This address does not take this method.", extra={"headers": dict(error.headers or {})}
        )
    if isinstance(error, NotFoundException):
        return NotFound("There is nothing at this address. /v1/openapi.json lists what there is.")
    if isinstance(error, HTTPException):
        return _of_status(error)
    return Fault(f"{type(error).__name__}: {error}")


def _of_status(error: HTTPException) -> AccordError:
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLarge(
            f"The body has more than {BODY_BYTES_MAX:,} bytes, the most there may be; files of an import may have 67,108,864."
        )
    if error.status_code == HTTPStatus.BAD_REQUEST:
        words = error.detail.removeprefix("JSON is malformed: ")
        return Malformed(f"The body is not JSON: {words}. Check the place that is named.")
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Malformed(error.detail)
    return Fault(error.detail)


def _invalid(error: ValidationException) -> AccordError:
    """Fields of the wrong type or range; a missing body or key has its own words."""
    extra = error.extra if isinstance(error.extra, list) else []
    if match := _MISSING.match(error.detail):
        if match[1] == "header":
            return KeyMissing(
                f"Send a header {match[2]} with an id of your own, so that a retry does no harm."
            )
        return InputError.at(match[2], "missing", f"The {match[1]} parameter {match[2]} is missing. Add it.")
    fields = []
    for one in extra:
        key, message = str(one.get("key", "")), str(one.get("message", ""))
        if key in ("key", "Idempotency-Key"):
            detail = "An Idempotency-Key is 1 to 200 characters long. Send another."
            return InputError.at("Idempotency-Key", "not_a_key", detail)
        if message in ("'data'", "Object missing required field `data`"):
            return Malformed("The body is missing. Send a JSON object.")
        fields.append(_field(key, message, str(one.get("source", ""))))
    if not fields:
        return InputError(error.detail)
    return InputError(fields[0].detail, errors=fields)


_MISSING = re.compile(r"Missing required (header|query|cookie) parameter '([^']+)'")
_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_WORDS = {"str": "text", "int": "a whole number", "bool": "true or false", "array": "a list", "object": "an object", "null": "null", "float": "a number with decimals"}  # fmt: skip


def _field(key: str, message: str, source: str) -> FieldError:
    """The error of one field: where, as a JSON pointer, and what to do."""
    path = key.removeprefix("data.").removeprefix("data")
    pointer = (
        "/" + path.replace("[", "/").replace("]", "").replace(".", "/").strip("/")
        if "body" in source
        else key
    )
    match = _EXPECTED.search(message)
    name = pointer.rsplit("/", 1)[-1] or "body"
    if match is not None:
        expected = " or ".join(_WORDS.get(one.strip(), one.strip()) for one in match[1].split("|"))
        got = _WORDS.get(match[2], match[2])
        hint = ' Put it in quotes: "500".' if match[1] == "str" and match[2] in ("int", "float") else ""
        return FieldError(
            pointer, "wrong_type", f"{name} must be {expected}, not {got}.{hint or ' Change it.'}"
        )
    if "missing required field" in message:
        missing = message.split("`")[1]
        where = f"{pointer.rstrip('/')}/{missing}" if pointer.startswith("/") else missing
        return FieldError(where, "missing", f"{missing} is missing. Add it.")
    if "unknown field" in message:
        unknown = message.split("`")[1]
        where = f"{pointer.rstrip('/')}/{unknown}"
        return FieldError(
            where, "unknown_field", f"{unknown} is not known here. Remove it, or check its spelling."
        )
    if message.startswith("'") and message.endswith("'"):
        return FieldError(message.strip("'"), "missing", f"{message.strip(chr(39))} is missing. Add it.")
    return FieldError(pointer, "not_in_range", f"{name}: {message}. Change it.")
