"""Somebody whom the identity provider vouches for comes in, where the answer is signed, for us, for this try and lately; and
an administrator has made the account."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from litestar.testing import TestClient
from tests.web.conftest import HOST, browser
from tests.web.issuer import CLIENT, SECRET, Issuer, issuer, new_key
from tests.web.test_sign_in import signed_in

from accord.db.engine import Database
from accord.kit.errors import InputError
from accord.web.people import accounts, oidc
from accord.web.people.oidc import Provider, Settings

Client = TestClient[Any]


@pytest.fixture
def provider() -> Iterator[Issuer]:
    with issuer() as made:
        yield made


@pytest.fixture
def visitor(
    file: Database, today: int, provider: Issuer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    # The store's clock stands at noon in these tests; the issuer's is real.
    monkeypatch.setattr("accord.db.tx.Tx.now", lambda tx: time.time_ns() // 1_000)
    accounts.add(file, "Anna Lund", ["seller"], by="test", email="anna@halden.example")
    known = Provider(Settings(issuer=provider.url, client=CLIENT, secret=SECRET, name="Halden"))
    with browser(file, provider=known) as client:
        yield client


def away(client: Client, after: str = "/promises") -> str:
    """Where the browser is sent."""
    answer = client.get("/sign-in/provider", params={"next": after}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def back(client: Client, code: str, address: str, **more: str) -> Any:
    state = address.partition("state=")[2].partition("&")[0]
    given = {"code": code, "state": state, **more}
    return client.get("/sign-in/provider/back", params=given, follow_redirects=False)


def there_and_back(client: Client, provider: Issuer, after: str = "/promises") -> Any:
    address = away(client, after)
    return back(client, provider.code(address), address)


def test_who_is_vouched_for_comes_in_where_he_was_going(visitor: Client, provider: Issuer) -> None:
    page = visitor.get("/sign-in?next=/promises").text
    # A link: the policy of the page lets forms go nowhere else, not even by a redirect.
    assert re.search(
        r'<a class="button [^"]*" href="/sign-in/provider\?next=/promises">Sign in with Halden</a>', page
    )
    address = away(visitor)
    assert address.startswith(f"{provider.url}/authorize?response_type=code&client_id=accord&redirect_uri=")
    assert f"{HOST}/sign-in/provider/back".replace(":", "%3A").replace("/", "%2F") in address
    assert "scope=openid" in address

    entered = back(visitor, provider.code(address), address)

    assert (entered.status_code, entered.headers["location"]) == (303, "/promises")
    assert "Anna Lund" in visitor.get("/account").text


def test_the_second_time_the_subject_is_known_whatever_the_address(
    visitor: Client, provider: Issuer, file: Database
) -> None:
    there_and_back(visitor, provider)
    provider.claims = {"email": "anna.married@halden.example"}
    assert there_and_back(visitor, provider).status_code == 303

    # Another subject with her old address is not she.
    provider.claims = {"sub": "999"}
    assert there_and_back(visitor, provider).status_code == 401


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another client": {"aud": "another"},
    "several clients without saying for whom": {"aud": [CLIENT, "another"]},
    "made for another of several": {"aud": [CLIENT, "another"], "azp": "another"},
    "made for another": {"azp": "another"},
    "expired": {"exp": int(time.time()) - 120},
    "never expires": {"exp": None},
    "without a moment": {"iat": None},
    "another try": {"nonce": "another"},
    "no try": {"nonce": None},
    "nobody": {"sub": None},
    "an address that is not verified": {"email_verified": False},
    "an address said to be verified in words": {"email_verified": "true"},
    "no address": {"email": None},
    "somebody without an account": {"email": "nobody@halden.example"},
}


def test_who_is_not_vouched_for_stays_out(visitor: Client, provider: Issuer) -> None:
    let_in = []
    for lie, claims in LIES.items():
        provider.claims = claims
        answer = there_and_back(visitor, provider)
        if answer.status_code != 401 or 'action="/sign-in' not in answer.text or signed_in(visitor):
            let_in.append(lie)

    assert let_in == []
    provider.claims = {}
    assert there_and_back(visitor, provider).status_code == 303  # nothing else was in the way


def test_a_list_of_one_client_and_a_clock_a_little_off_are_believed(
    visitor: Client, provider: Issuer
) -> None:
    provider.claims = {"aud": [CLIENT], "exp": int(time.time()) - 30}

    assert there_and_back(visitor, provider).status_code == 303


def forged(provider: Issuer) -> None:
    provider.signs_with = RSAKey.import_key({**new_key(1).as_dict(private=True), "kid": provider.key.kid})


def unsigned(provider: Issuer) -> None:
    provider.header = {"alg": "none"}


@pytest.mark.parametrize("lie", [forged, unsigned, Issuer.with_shared_secret])
def test_what_the_issuer_did_not_sign_is_not_believed(
    visitor: Client, provider: Issuer, lie: Callable[[Issuer], None]
) -> None:
    lie(provider)

    assert there_and_back(visitor, provider).status_code == 401
    assert not signed_in(visitor)


def test_a_key_that_was_made_since_is_fetched(visitor: Client, provider: Issuer) -> None:
    there_and_back(visitor, provider)
    visitor.post("/sign-out")
    provider.key = provider.signs_with = new_key(1)
    provider.asked.clear()

    assert there_and_back(visitor, provider).status_code == 303
    assert provider.asked == ["/token", "/keys"]


def test_an_answer_fits_one_browser_and_one_try(visitor: Client, provider: Issuer, file: Database) -> None:
    address = away(visitor)
    code = provider.code(address)
    with browser(file, provider=visitor.app.state["provider"]) as other:
        assert back(other, code, address).status_code == 401
        mine = away(other)
        assert back(other, code, mine).status_code == 401  # a code of another try: its verifier does not fit
        assert back(other, provider.code(mine), address).status_code == 401

    assert back(visitor, "code-0", "state=wrong").status_code == 401
    assert back(visitor, "", address).status_code == 401
    assert back(visitor, provider.code(address), address, iss="https://evil.example").status_code == 401
    assert not signed_in(visitor)


def test_one_is_sent_nowhere_else_afterwards(visitor: Client, provider: Issuer) -> None:
    assert there_and_back(visitor, provider, after="//evil.example").headers["location"] == "/"


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": 7},
    ],
)
def test_an_issuer_that_says_strange_things_of_itself_is_not_followed(
    visitor: Client, provider: Issuer, said: dict[str, Any]
) -> None:
    provider.said = said

    answer = visitor.get("/sign-in/provider", follow_redirects=False)

    assert answer.status_code == 503
    assert "Sign in with your password" in answer.text


def test_when_the_provider_is_away_the_page_says_so(visitor: Client, provider: Issuer) -> None:
    provider.status = 500

    answer = visitor.get("/sign-in/provider", follow_redirects=False)

    assert answer.status_code == 503
    assert "answers with 500" in answer.text
    assert 'name="password"' in answer.text


def test_without_a_provider_there_is_no_way_to_one(closed: Client) -> None:
    assert closed.get("/sign-in/provider", follow_redirects=False).status_code == 404
    assert closed.get("/sign-in/provider/back", follow_redirects=False).status_code == 404
    assert "or with a password" not in closed.get("/sign-in").text


@pytest.mark.parametrize(
    ("issuer_url", "client", "pointer"),
    [
        ("https://id.example", "", "ACCORD_OIDC_CLIENT_ID"),
        ("http://id.example", "accord", "ACCORD_OIDC_ISSUER"),
        ("id.example", "accord", "ACCORD_OIDC_ISSUER"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(
    monkeypatch: pytest.MonkeyPatch, issuer_url: str, client: str, pointer: str
) -> None:
    monkeypatch.setenv("ACCORD_OIDC_ISSUER", issuer_url)
    monkeypatch.setenv("ACCORD_OIDC_CLIENT_ID", client)
    with pytest.raises(InputError) as refused:
        oidc.settings()

    assert refused.value.errors[0].pointer == pointer


def test_settings_come_from_the_environment_and_do_not_show_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert oidc.settings() is None
    monkeypatch.setenv("ACCORD_OIDC_ISSUER", "https://id.example/realms/halden")
    monkeypatch.setenv("ACCORD_OIDC_CLIENT_ID", "accord")
    monkeypatch.setenv("ACCORD_OIDC_CLIENT_SECRET", "canary")

    found = oidc.settings()

    assert found == Settings(
        issuer="https://id.example/realms/halden", client="accord", secret="canary", name="id.example"
    )
    assert "canary" not in repr(found)
