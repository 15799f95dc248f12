"""Signature checks over raw bytes, in constant time, against a list of secrets so that rotation drops nothing."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable


def sha256_hex(secret: str, body: bytes) -> str:
    """The hexadecimal HMAC-SHA256 of `body`."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def any_matches(presented: str, expected: Iterable[str]) -> bool:
    """Whether `presented` equals one of `expected`; takes the same time whichever it is."""
    found = False
    given = presented.encode("utf-8", "surrogatepass")
    for candidate in expected:
        found |= hmac.compare_digest(given, candidate.encode())
    return found


def presented_secret(authorization: str) -> str:
    """The token of a Bearer header (RFC 6750) or the password of a Basic one (RFC 7617); empty if it is neither."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
