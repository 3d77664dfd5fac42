"""How requests prove who they are: OAuth 2.0 with a signed assertion, or token-based authentication (OAuth 1.0).

What signs is imported when the first key is read: who only looks at which connectors there are does not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlencode

from ordersync import AccessDenied, BadSettings, OrderSyncError, UnexpectedReply
from ordersync.web import Access, Auth, Grant, Refreshing, Reply, SignedRequests, default_error
from ordersync_erp_netsuite.settings import NetSuiteSettings

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

__all__ = ["assertion", "auth_of", "signing_key"]

TOKEN_PATH = "services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path
SCOPE = "rest_webservices"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE = 3000
"""Seconds an assertion is good for; NetSuite allows at most an hour. Long, because clocks differ."""
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}

SigningKey: TypeAlias = "tuple[str, RSAKey | ECKey]"
"""The algorithm, and the key for it."""


def auth_of(settings: NetSuiteSettings, access: Access) -> Auth:
    """The way in that the settings give. Raises BadSettings if the private key cannot be used."""
    if settings.client_id is not None:
        return Refreshing(access, f"{access.connection}/netsuite", _fetch(settings, access))
    consumer, token = settings.consumer_secret, settings.token_secret
    assert consumer is not None
    assert token is not None
    return SignedRequests(
        settings.consumer_key or "",
        consumer.get_secret_value(),
        access.clock,
        token=settings.token_id or "",
        token_secret=token.get_secret_value(),
        realm=settings.realm,
    )


# -- OAuth 2.0, client credentials -------------------------------------------------------------------------------


def signing_key(pem: str) -> SigningKey:
    """The algorithm and the key: PS256 for RSA, ES256/384/512 for EC. NetSuite refuses RS256.

    Raises BadSettings, which quotes nothing of the key.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from joserfc.jwk import ECKey, RSAKey

    found: object = None
    try:
        found = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        pass
    if isinstance(found, RSAPrivateKey):
        return "PS256", RSAKey.import_key(pem)
    if isinstance(found, EllipticCurvePrivateKey) and found.curve.name in _CURVES:
        return _CURVES[found.curve.name], ECKey.import_key(pem)
    raise BadSettings(
        "`private_key` is not a private key that NetSuite takes.",
        remedy="Give the PEM text of an RSA key, or of an EC key on P-256, P-384 or P-521, without a passphrase.",
    )


def assertion(settings: NetSuiteSettings, key: SigningKey, *, audience: str, at: int) -> str:
    """The signed JWT that stands for the client; `at` is the time in seconds since 1970."""
    from joserfc import jwt

    algorithm, private = key
    header = {"typ": "JWT", "alg": algorithm, "kid": settings.certificate_id}
    claims = {"iss": settings.client_id, "scope": SCOPE, "aud": audience, "iat": at, "exp": at + LIFE}
    return jwt.encode(header, claims, private, algorithms=[algorithm])


def _fetch(settings: NetSuiteSettings, access: Access) -> Callable[[str], Grant]:
    """Asks for an access token. There is no refresh token: each time a new assertion is signed."""
    pem = settings.private_key.get_secret_value() if settings.private_key else ""
    key = signing_key(pem)

    def fetch(_: str) -> Grant:
        with access.client(settings.host, timeout=20.0, verdicts=_refusal, attempts=3) as client:
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": assertion(
                    settings, key, audience=client.url(TOKEN_PATH), at=int(access.clock.now().timestamp())
                ),
            }
            headers = {"content-type": "application/x-www-form-urlencoded"}
            reply = client.post(TOKEN_PATH, content=urlencode(form), headers=headers, repeatable=True)
        data = reply.data if isinstance(reply.data, dict) else {}
        token, seconds = data.get("access_token"), str(data.get("expires_in", ""))
        if not isinstance(token, str) or not token:
            raise UnexpectedReply("NetSuite's token endpoint gave no token.", request_id=reply.request_id)
        return Grant(token, seconds=float(seconds) if seconds.isdecimal() else None)

    return fetch


def _refusal(reply: Reply, repeatable: bool) -> OrderSyncError | None:
    if reply.status in (400, 401):
        return AccessDenied(
            "NetSuite grants no token.",
            remedy="Check client id, certificate id and key: the certificate may have expired, or be mapped to no role.",
            request_id=reply.request_id,
        )
    return default_error(reply, repeatable)
