"""Signature checks over raw bytes, in constant time, against a list of secrets so that rotation drops nothing."""

import hashlib
import hmac
from collections.abc import Iterable


def sha256_hex(secret: str, body: bytes) -> str:
    """The hexadecimal HMAC-SHA256 of `body`."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def any_matches(presented: str, expected: Iterable[str]) -> bool:
    """Whether `presented` equals one of `expected`; takes the same time whichever it is."""
    found = False
    given = presented.encode("utf-8", "surrogateescape")
    for candidate in expected:
        found |= hmac.compare_digest(given, candidate.encode())
    return found
