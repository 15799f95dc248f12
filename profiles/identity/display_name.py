"""The name beside a mail address, made fit to show: decoded, visible, and no second address in disguise."""

import binascii
import re
import unicodedata
from itertools import groupby

from profiles.identity.mailbox import email_join_key

LONGEST_NAME = 200

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_ESCAPED = re.compile(r"\\(.)")
#: RFC 2047 section 2, with the language tag of RFC 2231; spaces inside are not allowed but sent.
_ENCODED = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_ENCODED_RUN = re.compile(r"(?:=\?[^?\s]+\?[bq]\?[^?]*\?=)+", re.IGNORECASE)
_BETWEEN_ENCODED = re.compile(r"(\?=)[ \t]+(?==\?)")
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"']+@[^\s@<>()\[\],;:\"']+\.[^\s@<>()\[\],;:\"']+")


def clean_name(raw: str) -> str:
    """The phrase of a From field as a reader should see it: unquoted, decoded, one line, nothing invisible.

    Direction marks and zero-width characters go: with them `gro.elpmaxe@ecila` is shown as somebody's address.
    """
    text = _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), raw)
    text = unicodedata.normalize("NFC", _decoded(text))
    text = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    text = "".join(c for c in text if unicodedata.category(c) not in {"Cf", "Cs"})
    return " ".join(text.split())[:LONGEST_NAME].strip()


def addresses_in(name: str) -> frozenset[str]:
    """The join keys of everything in `name` that a reader would take for an address, full-width ones too."""
    plain = unicodedata.normalize("NFKC", name)
    return frozenset(email_join_key(found.rstrip(".")) for found in _ADDRESS.findall(plain))


def _decoded(text: str) -> str:
    """`text` with its encoded words decoded; bytes of one character may be split over neighbours of one charset."""
    return _ENCODED_RUN.sub(lambda run: _run(run[0]), _BETWEEN_ENCODED.sub(r"\1", text))


def _run(words: str) -> str:
    pieces = [(charset.lower(), _bytes(how, coded)) for charset, how, coded in _ENCODED.findall(words)]
    return "".join(_text(b"".join(raw for _, raw in group), charset) for charset, group in groupby(pieces, _charset))


def _charset(piece: tuple[str, bytes]) -> str:
    return piece[0]


def _bytes(how: str, coded: str) -> bytes:
    raw = coded.encode("utf-8", "replace")
    if how in "qQ":
        return binascii.a2b_qp(raw, header=True)
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return raw


def _text(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset, "replace")
    except (LookupError, ValueError):  # an unknown charset, or one of Python's codecs that is no charset
        return raw.decode("utf-8", "replace")
