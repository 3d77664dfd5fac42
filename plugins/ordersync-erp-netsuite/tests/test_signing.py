"""The two ways in: signed assertions and signed requests, as NetSuite checks them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import RSAKey

from ordersync import AccessDenied, BadSettings
from ordersync.web import Access, VirtualClock
from ordersync_erp_netsuite import NetSuiteConnector
from ordersync_erp_netsuite.signing import assertion, auth_of, signing_key


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


RSA = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def settings(**more: Any) -> Any:
    given = {"account": "1234567_SB1", "client_id": "c" * 64, "certificate_id": "cert", "private_key": RSA}
    return NetSuiteConnector.settings_model.model_validate({**given, **more})


def test_an_rsa_key_signs_with_ps256() -> None:
    text = assertion(settings(), signing_key(RSA), audience="https://x/token", at=1_800_000_000)
    token = jwt.decode(text, RSAKey.import_key(RSA), algorithms=["PS256"])
    assert token.header == {"typ": "JWT", "alg": "PS256", "kid": "cert"}
    assert token.claims["iss"] == "c" * 64
    assert token.claims["scope"] == "rest_webservices"
    assert token.claims["aud"] == "https://x/token"
    assert 0 < token.claims["exp"] - token.claims["iat"] <= 3600


@pytest.mark.parametrize(
    ("curve", "algorithm"),
    [(ec.SECP256R1(), "ES256"), (ec.SECP384R1(), "ES384"), (ec.SECP521R1(), "ES512")],
    ids=lambda each: getattr(each, "name", each),
)
def test_an_ec_key_signs_by_its_curve(curve: ec.EllipticCurve, algorithm: str) -> None:
    assert signing_key(pem(ec.generate_private_key(curve)))[0] == algorithm


@pytest.mark.parametrize(
    "text",
    ["", "never-show-4711", pem(ec.generate_private_key(ec.SECP256K1()))],
    ids=["empty", "text", "curve"],
)
def test_another_key_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(BadSettings) as refused:
        signing_key(text)
    assert "4711" not in str(refused.value)


def test_the_sandbox_takes_an_rsa_key_too(open_desk: Any) -> None:
    desk = open_desk()
    desk.sandbox.doors.private_key = RSA
    given = {**desk.sandbox.settings("http://netsuite.sandbox")}
    given.pop("connector")
    access = Access(transport=desk.sandbox.transport(), clock=desk.clock)
    connector = NetSuiteConnector(NetSuiteConnector.settings_model.model_validate(given), access)
    assert connector.check_access(True).id == "1234567_SB1"
    connector.close()


@pytest.mark.parametrize("wrong", ["client_id", "certificate_id", "private_key"])
def test_a_wrong_credential_is_no_token(open_desk: Any, wrong: str) -> None:
    desk = open_desk(**{wrong: RSA if wrong == "private_key" else "another"})
    with pytest.raises(AccessDenied, match="grants no token"):
        desk.connector.check_access(False)


def test_a_token_that_ran_out_is_renewed(open_desk: Any) -> None:
    desk = open_desk()
    desk.connector.check_access(False)
    desk.connector.resolve_sku("LAMP-01")
    assert desk.asked("POST", "/token") == 1
    desk.clock.sleep(3600)
    desk.connector.resolve_sku("LAMP-01")
    assert desk.asked("POST", "/token") == 2
    desk.sandbox.doors.tokens.clear()
    desk.connector.resolve_sku("LAMP-01")
    assert desk.asked("POST", "/token") == 3


@pytest.mark.parametrize("wrong", ["consumer_key", "consumer_secret", "token_id", "token_secret"])
def test_a_wrong_signature_is_refused(open_desk: Any, wrong: str) -> None:
    good = open_desk({"auth": "tba"})
    assert good.connector.resolve_sku("LAMP-01") is not None
    bad = open_desk({"auth": "tba"}, **{wrong: "another"})
    with pytest.raises(AccessDenied, match="login"):
        bad.connector.resolve_sku("LAMP-01")


def test_a_signature_is_what_the_documents_say() -> None:
    """RFC 5849 by hand, with HMAC-SHA256: query parameters are signed, the realm is not."""
    import base64
    import hashlib
    import hmac
    from urllib.parse import quote, unquote

    tba = {"consumer_key": "ck", "consumer_secret": "c&s", "token_id": "ti", "token_secret": "t s"}
    signer = auth_of(
        NetSuiteConnector.settings_model.model_validate({"account": "1234567-sb1", **tba}),
        Access(clock=VirtualClock()),
    )
    url = (
        "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/salesOrder/eid:a?replace=item"
    )
    header = signer.headers("PUT", url, b"{}")["authorization"]
    scheme, _, rest = header.partition(" ")
    given = dict(part.split("=", 1) for part in rest.split(", "))
    words = {name: unquote(value.strip('"')) for name, value in given.items()}
    assert (scheme, words.pop("realm")) == ("OAuth", "1234567_SB1")
    signature = words.pop("oauth_signature")
    assert 6 <= len(words["oauth_nonce"]) <= 64
    assert words["oauth_timestamp"] == str(int(VirtualClock().now().timestamp()))
    pairs = sorted((quote(n, safe="~"), quote(v, safe="~")) for n, v in {**words, "replace": "item"}.items())
    base = "&".join(
        quote(part, safe="~")
        for part in ("PUT", url.partition("?")[0], "&".join(f"{n}={v}" for n, v in pairs))
    )
    digest = hmac.new(b"c%26s&t%20s", base.encode(), hashlib.sha256).digest()
    assert signature == base64.b64encode(digest).decode()
    again = signer.headers("PUT", url, b"{}")["authorization"]
    assert again != header
    assert signer.renew({}) is False


def test_a_page_instead_of_a_token_is_no_token() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"expires_in": "3600"})

    access = Access(transport=httpx.MockTransport(answer), clock=VirtualClock())
    connector = NetSuiteConnector(settings(), access)
    with pytest.raises(Exception, match="no token"):
        connector.find_order("os-" + "a" * 26)
    connector.close()
