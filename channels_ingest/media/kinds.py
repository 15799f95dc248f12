"""What a file is by its own bytes, how large it may be, and what a browser may show of it. Pure.

The sender's word for the type is believed only where the bytes leave several readings open.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

import puremagic

from channels_ingest.media.bare_boxes import PICTURE_BRANDS
from timeline.files import shown_as

#: Bytes that tell a type; the longest rule looks no further.
HEAD_BYTES = 4096

_MB = 1024 * 1024
#: The most a file may have, by content type of the attachment (Meta, "Media": the limits of what a customer sends).
MOST_BYTES: Mapping[str, int] = MappingProxyType(
    {
        "image": 5 * _MB,
        "sticker": 5 * _MB,
        "audio": 16 * _MB,
        "video": 16 * _MB,
        "document": 100 * _MB,
    }
)
#: A part of a mail cannot be larger than the mail, which the receiver takes up to this.
MOST_MAIL_BYTES = 40 * _MB

UNKNOWN = "application/octet-stream"
# Possessive: were a comment free to end later than at its first end, a page of them would take for ever.
_HTML = re.compile(
    rb"\s*(?:<!--(?:(?!-->).)*+-->\s*+)*+"
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|meta|title|table|div|p|a|h1)\b",
    re.I | re.S,
)
_SVG = re.compile(rb"<svg[\s>]|<[a-z]+:svg[\s>]", re.I)
_MP4_BRAND = re.compile(rb"....ftyp(....)", re.S)
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-executable"),
    (b"#!", "text/x-shellscript"),
)
#: Types that are told apart by what lies deep within: within such a family the sender is believed.
_ZIPPED = re.compile(r"application/(zip|epub\+zip|vnd\.(openxmlformats-officedocument|oasis\.opendocument)\.[a-z.\-]+)")
_TEXTS = frozenset({"text/plain", "text/csv", "text/calendar", "text/vcard", "text/x-vcard", "text/markdown"})


def type_of_bytes(head: bytes, declared: str = "") -> str:
    """The mime type of a file that starts with `head`; `declared` chooses within a family of formats."""
    declared = declared.partition(";")[0].strip().lower()
    head = head[:HEAD_BYTES]
    found = _container(head, declared) or next((name for magic, name in _MAGIC if head.startswith(magic)), "")
    if found:
        return found
    if _SVG.search(head):
        return "image/svg+xml"
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "text/html"
    return _guessed(head) or _as_text(head, declared) or UNKNOWN


def _container(head: bytes, declared: str) -> str:
    """Formats that share their first bytes."""
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(head[8:12], UNKNOWN)
    if head[:4] == b"OggS":
        return "video/ogg" if b"theora" in head else "audio/ogg"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "audio/webm" if declared == "audio/webm" else "video/webm" if b"webm" in head else "video/x-matroska"
    if brand := _MP4_BRAND.match(head):
        if brand[1] in PICTURE_BRANDS:
            return "image/avif" if brand[1] in (b"avif", b"avis") else "image/heic"
        is_sound = brand[1] in _SOUND_BRANDS or declared == "audio/mp4"
        return "audio/mp4" if is_sound else "video/3gpp" if brand[1][:3] == b"3gp" else "video/mp4"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return declared if _ZIPPED.fullmatch(declared) else "application/zip"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return "audio/aac" if head[1] & 0xF6 == 0xF0 else "audio/mpeg"
    return ""


def _guessed(head: bytes) -> str:
    """What puremagic makes of it. A picture or player type is only given by the rules above."""
    try:
        guesses = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return ""
    found = next((str(guess.mime_type) for guess in guesses if guess.mime_type), "")
    return "" if shown_as(found) or found.startswith("text/") else found


def _as_text(head: bytes, declared: str) -> str:
    """A text type when it reads as text."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character cut at the end is none of the file's
            return ""
        text = head[: error.start].decode("utf-8")
    if any(c < " " and c not in "\t\n\r\f" for c in text):
        return ""
    return declared if declared in _TEXTS else "text/plain"
