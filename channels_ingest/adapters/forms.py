"""Form bodies (application/x-www-form-urlencoded) as the exact bytes that were signed, and as text."""

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes, urlencode

#: More fields than any provider sends; splitting a body costs time before its signature is known.
MOST_FIELDS = 1_000

Pairs = Sequence[tuple[bytes, bytes]]


def form_pairs(body: bytes) -> Pairs:
    """Every field as it came, decoded from percent signs to bytes; none of a body with absurdly many."""
    if body.count(b"&") >= MOST_FIELDS:
        return ()
    pairs = (part.replace(b"+", b" ").partition(b"=") for part in body.split(b"&") if part)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs]


def form_fields(body: bytes) -> dict[str, str]:
    """The fields as text, the first of each name; what is no UTF-8 becomes the replacement character."""
    fields: dict[str, str] = {}
    for name, value in form_pairs(body):
        fields.setdefault(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))
    return fields


def form_body(fields: Sequence[tuple[str, str]]) -> bytes:
    """The fields as a body; what is no Unicode character (a lone surrogate) becomes a question mark."""
    return urlencode(fields, encoding="utf-8", errors="replace").encode()
