"""How does the API describe itself?

The framework writes the description from the routes and structs; here it gets what it cannot know: the addresses that
end in a verb, the problems each route may answer with, the key. Made once.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Request
from litestar.enums import OpenAPIMediaType
from litestar.openapi.plugins import OpenAPIRenderPlugin

PATH = "/v1/openapi.json"
TITLE = "Accord"
VERSION = "1"
DESCRIPTION = """Every promise to a customer is decided against real supply.

Quantities are decimals written as text in the item's unit, money is minor units with a currency, days are ISO dates,
moments are UTC. Lists are paged by an opaque `next`. What is wrong is a problem of RFC 9457 whose `type` is the address
of a page that says what to do. What changes something takes an `Idempotency-Key`: repeat it and the answer is the same.
"""

_ALWAYS = {
    "401": "Nobody known is asking.",
    "429": "Asked more often than the key may.",
    "503": "Not available now; retry.",
}
_OF_BODY = {"400": "Malformed JSON, or a header is missing.", "413": "The body is too large.", "415": "The body is not JSON.", "422": "A field cannot be used."}  # fmt: skip
_CHANGES = {
    "403": "The key's scopes or the person's roles do not cover this, or it is somebody else's; the rule is named.",
    "409": "It cannot be promised, or changed meanwhile; with fresh options.",
}
_ONE = {"404": "There is no such thing."}
# Routes that name one thing by what they ask for, not in their address.
_OF_ONE = {"atp"}

_PROBLEM = {
    "type": "object",
    "description": "A problem of RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id", "retryable", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "the address of a page that says what to do"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "for a person"},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "a statement, for a program"},
        "request_id": {"type": "string"},
        "retryable": {"type": "boolean"},
        "retry_after_seconds": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {"pointer": {"type": "string"}, "code": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "options": {"type": "array", "items": {"$ref": "#/components/schemas/Option"}, "description": "what could be had instead"},
    },
}  # fmt: skip


class Description(OpenAPIRenderPlugin):
    """The one thing the framework serves of the description: our JSON, and no page that loads scripts from elsewhere."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json", media_type=OpenAPIMediaType.OPENAPI_JSON)
        self._made: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The description as JSON, made once."""
        if self._made is None:
            self._made = msgspec.json.format(msgspec.json.encode(described(openapi_schema)), indent=1)
        return self._made


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """The framework's description, completed."""
    made = deepcopy(schema)
    made["openapi"] = "3.1.0"
    made["info"] = {
        "title": TITLE,
        "version": VERSION,
        "description": DESCRIPTION,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        "x-release": version("accord"),
    }
    made["servers"] = [{"url": "/"}]
    made["security"] = [{"key": []}, {"session": []}]
    components = made.setdefault("components", {})
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "accord key add NAME --scope …"},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-accord",
            "description": "of a browser in which somebody signed in; over http it is called accord_PORT",
        },
    }
    schemas = components.setdefault("schemas", {})
    for struct in _structs(msgspec.Struct):
        if struct.__name__ in schemas and struct.__doc__ and "api" in struct.__module__.split("."):
            schemas[struct.__name__].setdefault("description", struct.__doc__.splitlines()[0])
        if struct.__name__ in schemas and struct.__struct_config__.forbid_unknown_fields:
            schemas[struct.__name__]["additionalProperties"] = False
    schemas["Problem"] = _PROBLEM
    paths = {}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            has_id = "{" in path or operation["operationId"] in _OF_ONE
            _complete(operation, changes=method == "post", has_id=has_id, is_public=path.endswith("/health"))
        paths[path.replace("/:", ":")] = methods
    made["paths"] = paths
    return made


def _structs(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for child in kind.__subclasses__():
        yield child
        yield from _structs(child)


def _complete(operation: dict[str, Any], *, changes: bool, has_id: bool, is_public: bool) -> None:
    responses = operation["responses"]
    for status in [status for status in responses if status >= "400"]:
        del responses[status]
    problems = dict(_ALWAYS)
    if is_public:
        operation["security"] = []
        problems = {"429": _ALWAYS["429"], "503": _ALWAYS["503"]}
    else:
        problems["403"] = _CHANGES["403"]
    if changes:
        problems |= _OF_BODY | _CHANGES
    elif not is_public:
        problems["422"] = _OF_BODY["422"]
    if has_id:
        problems |= _ONE
    reference = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, description in sorted(problems.items()):
        responses[status] = {"description": description, "content": reference}
