"""Vonage's two signatures: a JSON web token over the digest of the body, and `sig` over the fields of the old SMS API.

Vonage, "Signed webhooks" and "Signing requests" (read 2026-11). Vonage's own library checks the token's MAC alone: with
a wrong `payload_hash`, or a month later, it passes. Here the digest and the age are checked too.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm

from channels_ingest.adapters.base import AccountSettings, Delivery, PayloadError, read_json
from channels_ingest.adapters.forms import form_fields
from channels_ingest.adapters.reading import as_object
from channels_ingest.signatures import any_matches

#: Vonage retries for 24 hours, and does not say whether it stamps each attempt anew.
WINDOW = timedelta(hours=26)
CLOCK_DIFFERENCE = timedelta(minutes=10)
_TOKEN = re.compile(r"Bearer ([\w-]{1,500}\.[\w-]{1,4000}\.[\w-]{43})", re.ASCII)
#: HMACs that `sms_signature` may name. Vonage's MD5 of text and secret in one ("md5hash") is no MAC and is not taken.
SMS_METHODS: Mapping[str, str] = MappingProxyType({name: name for name in ("sha512", "sha256", "sha1", "md5")})


class _AnyLength(HMACAlgorithm):
    """Vonage chooses the length of its secrets; a warning for each delivery helps nobody."""

    def check_key_length(self, key: Any) -> str | None:
        return None


def _tokens() -> jwt.PyJWS:
    tokens = jwt.PyJWS()
    tokens.unregister_algorithm("HS256")
    tokens.register_algorithm("HS256", _AnyLength(HMACAlgorithm.SHA256))
    return tokens


_JWS = _tokens()


def check_method(value: str) -> str:
    """What is wrong with the name of a signature method, in words, or nothing."""
    return "" if value in SMS_METHODS else f"expected one of {', '.join(SMS_METHODS)}"


def is_signed(delivery: Delivery, account: AccountSettings) -> bool:
    """Whether one of the account's secrets signed this body: by token, or by `sig` where the account allows that."""
    secrets = [secret for secret in account.secrets.get("signature_secret", ()) if secret]
    if presented := delivery.headers.get("authorization", ""):
        return any(_has_token(presented, secret, delivery, account) for secret in secrets)
    method = SMS_METHODS.get(account.plain.get("sms_signature", ""))
    if method is None:
        return False
    try:
        fields = flat(payload_of(delivery.body))
    except PayloadError:
        return False
    presented = fields.get("sig", "").lower()
    text = signed_text(fields).encode("utf-8", "replace")
    keys = [secret.encode("utf-8", "replace") for secret in secrets]
    return bool(presented) and any_matches(presented, (hmac.new(key, text, method).hexdigest() for key in keys))


def _has_token(presented: str, secret: str, delivery: Delivery, account: AccountSettings) -> bool:
    token = _TOKEN.fullmatch(presented)
    if token is None or delivery.received_at is None:
        return False
    try:
        claims = as_object(json.loads(_JWS.decode(token[1], secret.encode("utf-8", "replace"), algorithms=["HS256"])))
    except (jwt.PyJWTError, ValueError, RecursionError):
        return False
    issued = claims.get("iat")
    if not isinstance(issued, int | float) or isinstance(issued, bool):
        return False
    earliest, latest = delivery.received_at - WINDOW, delivery.received_at + CLOCK_DIFFERENCE
    if not earliest.timestamp() <= issued <= latest.timestamp():
        return False
    if any(claims.get(name) != own for name in ("api_key", "application_id") if (own := account.plain.get(name))):
        return False  # one secret signs for every application of a Vonage account
    digest = claims.get("payload_hash")
    return isinstance(digest, str) and any_matches(digest.lower(), [hashlib.sha256(delivery.body).hexdigest()])


def payload_of(body: bytes) -> dict[str, Any]:
    """The object or form in a body. Raises PayloadError."""
    return read_json(body) if body.lstrip()[:1] == b"{" else dict(form_fields(body))


def flat(payload: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the old SMS API, which are texts; what is none is written as JSON."""
    return {str(name): value if isinstance(value, str) else json.dumps(value) for name, value in payload.items()}


def signed_text(fields: Mapping[str, str]) -> str:
    """What `sig` covers: every other field by name, with what separates fields made harmless in their values."""
    rest = sorted((name, value) for name, value in fields.items() if name != "sig")
    return "".join(f"&{name}={value.replace('&', '_').replace('=', '_')}" for name, value in rest)


def delivery_digest(delivery: Delivery) -> str:
    """The digest of what is signed: the body, or the text under `sig`, which two spellings of one text share."""
    if not delivery.headers.get("authorization"):
        try:
            if text := signed_text(flat(payload_of(delivery.body))):
                return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        except PayloadError:
            pass
    return hashlib.sha256(delivery.body).hexdigest()
