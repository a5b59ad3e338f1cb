"""Who vouches for somebody who signs in at the company's own identity provider, and how is that checked?

OpenID Connect, the authorization code with PKCE. What goes out and what must come back hang on one secret that only the
browser keeps: state, nonce and verifier are drawn from it, so that an answer that was meant for another browser, or
another try, fits nowhere. An ID token is believed when the issuer's key signed it for us, for this try, and lately.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import threading
import time
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import msgspec
import structlog

from accord.kit.days import Instant
from accord.kit.errors import InputError, Unauthorized, Unavailable

_LOG = structlog.get_logger("accord.web")

# By public keys alone: with a shared secret, whoever knows it could vouch for anybody.
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
LEEWAY_SECONDS = 60
_KEPT_SECONDS = 3_600  # for so long what the issuer says of itself is not asked again
_WAIT_SECONDS = 5.0
_ANSWER_BYTES_MAX = 262_144


class NotVouched(Unauthorized):
    """What came back from the identity provider does not say who this is."""

    code = "not_vouched_for"
    title = "The identity provider did not vouch for you"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where people may sign in instead, and as which client of it."""

    issuer: str
    client: str
    secret: str = ""  # "" = a client without one; PKCE protects it
    name: str = "single sign-on"

    def __repr__(self) -> str:
        return f"Settings({self.issuer!r}, {self.client!r})"


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What the issuer says of itself, as far as it is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    id_token: str


class Vouched(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the issuer vouches for."""

    subject: str  # issuer and its name for the person, which never becomes another's
    email: str  # verified by the issuer; "" = none is


def settings() -> Settings | None:
    """As the environment says; None = people sign in here alone. Raises: InputError."""
    issuer = os.environ.get("ACCORD_OIDC_ISSUER", "").strip()
    if not issuer:
        return None
    client = os.environ.get("ACCORD_OIDC_CLIENT_ID", "").strip()
    if not client:
        raise InputError.at(
            "ACCORD_OIDC_CLIENT_ID", "missing", "ACCORD_OIDC_ISSUER is set: set ACCORD_OIDC_CLIENT_ID, too."
        )
    if not _is_safe(issuer):
        raise InputError.at(
            "ACCORD_OIDC_ISSUER", "not_https", f"{issuer} is not an https address. Name the issuer's."
        )
    try:
        import joserfc  # noqa: F401 - only whether it is there
    except ImportError:
        detail = "ACCORD_OIDC_ISSUER needs the extra oidc: install accord[oidc]."
        raise InputError.at("ACCORD_OIDC_ISSUER", "extra_missing", detail) from None
    return Settings(
        issuer=issuer,
        client=client,
        secret=os.environ.get("ACCORD_OIDC_CLIENT_SECRET", ""),
        name=os.environ.get("ACCORD_OIDC_NAME", "").strip() or urlsplit(issuer).hostname or issuer,
    )


def provider() -> Provider | None:
    """The issuer that the environment names. Raises: InputError."""
    found = settings()
    return None if found is None else Provider(found)


def new_secret() -> str:
    """What the browser keeps for one try."""
    return secrets.token_urlsafe(32)


def drawn(secret: str, what: str) -> str:
    """One of the values that hang on a secret: state, nonce, verifier."""
    mac = hmac.digest(secret.encode(), what.encode(), "sha256")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


class Provider:
    """The issuer, as this process knows it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, dict[str, Any]] | None = None

    def address(self, secret: str, *, back: str) -> str:
        """Where to send the browser. Raises: Unavailable when the issuer does not say."""
        challenge = (
            base64.urlsafe_b64encode(sha256(drawn(secret, "verifier").encode()).digest())
            .rstrip(b"=")
            .decode()
        )
        asked = {
            "response_type": "code",
            "client_id": self.settings.client,
            "redirect_uri": back,
            "scope": "openid email profile",
            "state": drawn(secret, "state"),
            "nonce": drawn(secret, "nonce"),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._said().authorization_endpoint
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"

    def vouched(self, secret: str, *, code: str, state: str, back: str, issuer: str, now: Instant) -> Vouched:
        """Whom the issuer vouches for with this answer. Raises: NotVouched, Unavailable."""
        if not secret or not hmac.compare_digest(drawn(secret, "state").encode(), state.encode()):
            raise NotVouched("This answer belongs to another try, or another browser. Sign in again.")
        if issuer and issuer != self.settings.issuer:
            raise NotVouched("This answer comes from another identity provider. Sign in again.")
        claims = self._claims(self._token(code, drawn(secret, "verifier"), back), now)
        self._check(claims, nonce=drawn(secret, "nonce"))
        email = claims.get("email")
        is_verified = claims.get("email_verified") is True
        return Vouched(
            subject=f"{self.settings.issuer} {claims['sub']}",
            email=email if is_verified and isinstance(email, str) else "",
        )

    def _token(self, code: str, verifier: str, back: str) -> str:
        said = self._said()
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        by_basic = "client_secret_basic" in said.token_endpoint_auth_methods_supported
        auth = (self.settings.client, self.settings.secret) if self.settings.secret and by_basic else None
        if auth is None:
            body["client_id"] = self.settings.client
            if self.settings.secret:
                body["client_secret"] = self.settings.secret
        raw = self._fetch("POST", said.token_endpoint, data=body, auth=auth)
        try:
            return msgspec.json.decode(raw, type=_Answer).id_token
        except msgspec.DecodeError:
            raise NotVouched(
                "The identity provider gave no ID token for this answer. Sign in again."
            ) from None

    def _claims(self, token: str, now: Instant) -> dict[str, Any]:
        """What a token says, where a key of the issuer signed it and it holds at this moment."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        allowed = [one for one in self._said().id_token_signing_alg_values_supported if one in ALGORITHMS]
        registry = jwt.JWTClaimsRegistry(
            now=now // 1_000_000,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True},
        )
        why: Exception | None = None
        for is_fresh in (False, True):  # a key that is not known may have been made since
            try:
                keys = KeySet.import_key_set(self._signing_keys(is_fresh))
                found = jwt.decode(token, keys, algorithms=allowed)
                registry.validate(found.claims)
                return dict(found.claims)
            except (JoseError, ValueError, TypeError) as error:
                why = error
            if not _may_be_another_key(why):
                break
        _LOG.warning("not_vouched_for", issuer=self.settings.issuer, why=type(why).__name__)
        raise NotVouched("What the identity provider said cannot be believed. Sign in again.")

    def _check(self, claims: dict[str, Any], *, nonce: str) -> None:
        given, audience = claims.get("nonce"), claims.get("aud")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
            raise NotVouched("This answer belongs to another try. Sign in again.")
        is_shared = isinstance(audience, list) and len(audience) > 1
        if (is_shared or "azp" in claims) and claims.get("azp") != self.settings.client:
            raise NotVouched("This answer was made for another program. Sign in again.")

    def _said(self) -> Metadata:
        with self._lock:
            if self._metadata is not None and time.monotonic() - self._metadata[0] < _KEPT_SECONDS:
                return self._metadata[1]
        address = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = msgspec.json.decode(self._fetch("GET", address), type=Metadata)
        except msgspec.DecodeError:
            raise _silent("says nothing of itself that can be read") from None
        if found.issuer != self.settings.issuer:
            raise _silent(f"calls itself {found.issuer[:200]}")
        if not all(map(_is_safe, (found.authorization_endpoint, found.token_endpoint, found.jwks_uri))):
            raise _silent("names an address that is not https")
        with self._lock:
            self._metadata = (time.monotonic(), found)
        return found

    def _signing_keys(self, is_fresh: bool) -> Any:
        with self._lock:
            if not is_fresh and self._keys is not None and time.monotonic() - self._keys[0] < _KEPT_SECONDS:
                return self._keys[1]
        try:
            found = msgspec.json.decode(self._fetch("GET", self._said().jwks_uri), type=dict[str, Any])
        except msgspec.DecodeError:
            raise _silent("names no keys that can be read") from None
        with self._lock:
            self._keys = (time.monotonic(), found)
        return found

    def _fetch(self, method: str, address: str, **more: Any) -> bytes:
        try:
            with (
                httpx2.Client(timeout=_WAIT_SECONDS, follow_redirects=False) as client,
                client.stream(method, address, headers={"Accept": "application/json"}, **more) as answer,
            ):
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > _ANSWER_BYTES_MAX:
                        raise _silent("says more than anybody reads")
        except httpx2.HTTPError as error:
            _LOG.warning("provider_away", issuer=self.settings.issuer, why=type(error).__name__)
            raise _silent("does not answer") from error
        if answer.status_code in (400, 401, 403) and method == "POST":
            raise NotVouched("The identity provider refused this answer. Sign in again.")
        if answer.status_code != 200:
            raise _silent(f"answers with {answer.status_code}")
        return body


def _may_be_another_key(error: Exception) -> bool:
    from joserfc.errors import BadSignatureError, InvalidKeyIdError

    return isinstance(error, BadSignatureError | InvalidKeyIdError | ValueError)


def _is_safe(address: str) -> bool:
    """https, or this machine."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https"
        or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"))
    )


def _silent(why: str) -> Unavailable:
    return Unavailable(
        f"The identity provider {why}. Sign in with your password, or try again later.",
        retry_after_seconds=30,
    )
