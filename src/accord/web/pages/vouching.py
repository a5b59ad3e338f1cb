"""How does somebody come in by the company's identity provider?

There and back: the browser keeps a secret for ten minutes, and what comes back must fit it. Somebody is let in whose account an
administrator has made: by an address that the provider has verified the first time, and from then on by the name that the provider never
gives to another.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import get
from litestar.datastructures import State
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import NotFound, Unauthorized, Unavailable
from accord.web.entrance.shell import own_path
from accord.web.pages.signing_in import come_in, refused
from accord.web.pages.visiting import Visitor
from accord.web.people import accounts, cookies
from accord.web.people.oidc import NotVouched, Provider, new_secret

_ENTER = {"operation": "account.enter"}
_KEPT_SECONDS = 600
Text = Annotated[str, QueryParameter(max_length=4_000)]


@get("/sign-in/provider", include_in_schema=False, opt=_ENTER)
async def leave(
    state: State, request: Visitor, after: Annotated[str, QueryParameter(name="next", max_length=2_000)] = "/"
) -> Redirect | Template:
    """Go there."""
    provider = _provider(state)
    secret = new_secret()
    try:
        address = await asyncio.to_thread(provider.address, secret, back=_back(request))
    except Unavailable as error:
        return await asyncio.to_thread(refused, state["db"], error, own_path(after))
    request.scope["state"]["cookie"] = _cookie(
        request, f"{secret}.{own_path(after).encode().hex()}", _KEPT_SECONDS
    )
    return Redirect(address, status_code=303)


@get("/sign-in/provider/back", include_in_schema=False, sync_to_thread=True, opt=_ENTER)
def back(
    state: State,
    request: Visitor,
    code: Annotated[str, QueryParameter(name="code", max_length=4_000)] = "",
    given: Annotated[str, QueryParameter(name="state", max_length=200)] = "",
    issuer: Annotated[str, QueryParameter(name="iss", max_length=2_000)] = "",
) -> Redirect | Template:
    """Come back, and in."""
    db: Database = state["db"]
    provider = _provider(state)
    secret, _, hexed = _kept(request).partition(".")
    where = "/"
    try:
        where = own_path(bytes.fromhex(hexed).decode())
        with db.read() as tx:
            now = tx.now()
        who = provider.vouched(secret, code=code, state=given, back=_back(request), issuer=issuer, now=now)
        account = accounts.vouched_for(db, subject=who.subject, email=who.email)
    except (Unauthorized, Unavailable) as error:
        request.scope["state"]["cookie"] = _cookie(request, "", 0)
        return refused(db, error, where)
    except ValueError:
        return refused(db, NotVouched("This answer belongs to another try. Sign in again."), "/")
    come_in(db, request, account)
    return Redirect(where, status_code=303)


PAGES = [leave, back]


def _provider(state: State) -> Provider:
    provider: Provider | None = state["provider"]
    if provider is None:
        raise NotFound("This server knows no identity provider. Sign in with a password at /sign-in.")
    return provider


def _back(request: Visitor) -> str:
    return f"{request.scope['scheme']}://{request.headers.get('host', '')}/sign-in/provider/back"


def _name(request: Visitor) -> str:
    return f"{cookies.name(request.scope, request.headers.get('host', ''))}_try"


def _cookie(request: Visitor, value: str, seconds: int) -> str:
    secure = "; Secure" if request.scope["scheme"] == "https" else ""
    return f"{_name(request)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def _kept(request: Visitor) -> str:
    return cookies.value(request.headers.get("cookie", ""), _name(request))
