"""Identity tokens: a site's server says, signed, which of its customers is logged in. Plain Python.

The algorithm is fixed by what the account is configured with, never by the token. Which customer, for which widget and
until when is all inside; that it is used once only, the inbox sees to.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jwt

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.reading import as_word
from profiles.identity.values import IdentifierKind
from profiles.identity.worth import Reason, worthless

LONGEST_TOKEN = 4_096
#: From iat to exp at most, and how far the site's clock may be from ours.
LONGEST_LIFE_SECONDS = 600
LEEWAY_SECONDS = 30
LONGEST_SCOPE = 100
_SHORTEST_KEY_BYTES = 32
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti"]


class IdentityError(ValueError):
    """The token proves nothing; the message says why, for the site's developers, and holds nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """The customer `customer_id` of `scope` is logged in; `jti` makes the token one that counts once."""

    scope: str
    customer_id: str
    jti: str
    claims: dict[str, Any] = field(repr=False)


def prove(token: object, account: AccountSettings, *, widget_key: str) -> Proved:
    """What the token proves. Raises IdentityError."""
    if not isinstance(token, str) or not 1 <= len(token) <= LONGEST_TOKEN:
        raise IdentityError(f"identity_jwt: expected a text of at most {LONGEST_TOKEN} characters")
    claims = _claims(token, account, widget_key)
    issued, expires = claims["iat"], claims["exp"]
    if not all(isinstance(at, int | float) and not isinstance(at, bool) for at in (issued, expires)):
        raise IdentityError("identity_jwt: iat and exp must be numbers of seconds")
    latest = time.time() + LONGEST_LIFE_SECONDS + LEEWAY_SECONDS
    if not 0 < expires - issued <= LONGEST_LIFE_SECONDS or expires > latest:
        raise IdentityError(f"identity_jwt: exp may be at most {LONGEST_LIFE_SECONDS} seconds after iat")
    scope, customer_id, jti = (as_word(claims.get(name)).strip() for name in ("iss", "sub", "jti"))
    if not scope or not customer_id or not jti or len(scope) > LONGEST_SCOPE:
        raise IdentityError("identity_jwt: iss, sub and jti must be short texts")
    if worthless(IdentifierKind.CUSTOMER_ID, customer_id) == Reason.PLACEHOLDER:
        raise IdentityError("identity_jwt: sub is a placeholder, not a customer's id")
    return Proved(scope=scope, customer_id=customer_id, jti=jti, claims=claims)


def _claims(token: str, account: AccountSettings, widget_key: str) -> dict[str, Any]:
    """The claims, verified by one of the account's keys."""
    fault: Exception | None = None
    issuer = account.plain.get("identity_issuer") or None
    for algorithm, key in _keys(account):
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=f"hub:{widget_key}",
                issuer=issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED},
            )
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError, jwt.InvalidKeyError) as error:
            fault = fault or error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise IdentityError(f"identity_jwt: {_WORDS.get(type(error), 'not a token as documented')}") from None
        else:
            return claims
    if fault is None:
        raise IdentityError("identity_jwt: this chat has no identity_secret; connect it with one")
    raise IdentityError("identity_jwt: the signature is not this chat's")


def _keys(account: AccountSettings) -> Iterator[tuple[str, bytes]]:
    for secret in account.secrets.get("identity_secret", ()):
        # HMAC fills a short key with zeros itself (RFC 2104); filled here, PyJWT does not warn at every token.
        yield "HS256", secret.encode().ljust(_SHORTEST_KEY_BYTES, b"\0")
    if public_key := account.plain.get("identity_public_key"):
        yield "EdDSA", public_key.encode()


_WORDS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "it has expired; sign one when the page is made",
    jwt.ImmatureSignatureError: "it is not valid yet; are the clocks right?",
    jwt.InvalidIssuedAtError: "iat is in the future; are the clocks right?",
    jwt.InvalidAudienceError: "aud must be hub: and the widget key",
    jwt.InvalidIssuerError: "iss is not the one this chat is configured with",
    jwt.MissingRequiredClaimError: "it must have iss, aud, sub, iat, exp and jti",
}
