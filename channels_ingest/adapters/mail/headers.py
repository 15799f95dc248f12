"""The fields above a mail's body, as bytes first: what an attacker and a broken program write there is not normalised
away before it was looked at. Python's own parser turns raw Latin letters into U+FFFD and picks one of two From fields.
"""

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from channels_ingest.adapters.base import clean
from channels_ingest.adapters.mail.charset import to_text

#: Real heads stay under 100 kB even with every hop's seals; what comes after is left to the raw mail.
LONGEST_HEAD = 400_000
MOST_FIELDS = 2_000
LONGEST_LINE = 1_000  # characters of a field that is shown
MOST_LISTED = 100  # addresses or ids of one field
LONGEST_ID = 250

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n|\A\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t]+(?==\?)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\@]{1,64}@[^\s<>,;:\"()\[\]\\@]{1,253}")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ID = re.compile(rf"<([^<>\s]{{1,{LONGEST_ID}}})>")


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields in their order: lower-case names, values as bytes and still folded.

    `is_clean` is False where another reader may have found other fields: a line that is none, or a head without end.
    """

    fields: tuple[tuple[str, bytes], ...]
    is_clean: bool = True

    def all(self, name: str) -> list[bytes]:
        """Every value of `name`, from the top."""
        return [value for field, value in self.fields if field == name]

    def first(self, name: str) -> bytes:
        """The topmost value of `name`; empty if there is none."""
        return next((value for field, value in self.fields if field == name), b"")

    def text(self, name: str) -> str:
        """The topmost value of `name` as one readable line."""
        return readable(self.first(name))[0]

    def above(self, name: str) -> "Headers":
        """The fields that stand above the topmost `name`: none if there is no such field."""
        for number, (field, _) in enumerate(self.fields):
            if field == name:
                return Headers(self.fields[:number])
        return Headers(())


def split_head(raw: bytes, start: int = 0, end: int | None = None) -> tuple[Headers, int]:
    """The fields of the mail or part that stands in `raw` from `start`, and where its body begins."""
    end = len(raw) if end is None else end
    if raw[start : start + 5] == b"From ":  # the line that mbox files and some pipes put above
        start = min(raw.find(b"\n", start, end) + 1 or end, end)
    if raw[start : start + 1] == b"\n" or raw[start : start + 2] == b"\r\n":
        return Headers(()), start + raw[start : start + 2].find(b"\n") + 1
    found = _END_OF_HEAD.search(raw, start, end)
    head_end, body = (found.start(), found.end()) if found else (end, end)
    fields, is_clean = _fields(raw[start : min(head_end, start + LONGEST_HEAD)])
    is_whole = head_end - start <= LONGEST_HEAD
    return (Headers(tuple(fields), is_clean and is_whole), body) if fields else (Headers(()), start)


def headers_of(pairs: Iterable[tuple[str, str]]) -> Headers:
    """The fields as a provider hands them on that has read them already."""
    listed = [(name.strip().lower(), value.encode("utf-8", "surrogateescape")) for name, value in pairs]
    return Headers(tuple(listed[:MOST_FIELDS]))


def _fields(head: bytes) -> tuple[list[tuple[str, bytes]], bool]:
    """Each field of a head, and whether that is all of it; lines that are none are passed over."""
    found: list[tuple[str, bytes]] = []
    name, lines = "", bytearray()
    is_clean = True
    for line in head.split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            is_clean = is_clean and bool(name)
            lines += b"\n" + line
            continue
        if name:
            found.append((name, bytes(lines).strip()))
        match = _FIELD.match(line)
        is_clean = is_clean and (match is not None or not line.strip(b"\r"))
        name, lines = (match[1].decode("ascii").lower(), bytearray(line[match.end() :])) if match else ("", bytearray())
        if len(found) >= MOST_FIELDS:
            return found, False
    if name:
        found.append((name, bytes(lines).strip()))
    return found, is_clean


def readable(raw: bytes) -> tuple[str, str]:
    """One field as a line for people, and how its charset was guessed; encoded words (RFC 2047) are decoded."""
    text, guess = to_text(_FOLD.sub(b"", raw))
    text = decode_words(text)
    return _CONTROLS.sub(" ", text).strip()[:LONGEST_LINE], guess


def decode_words(text: str) -> str:
    """`text` with its encoded words decoded. Neighbours of one charset are joined first: programs cut characters."""
    if "=?" not in text:
        return text
    text = _BETWEEN_WORDS.sub(r"\1", text)
    out, position, held, charset = [], 0, b"", ""
    for match in _ENCODED.finditer(text):
        raw = _word_bytes(match[2], match[3])
        if held and (match.start() > position or match[1].lower() != charset):
            out.append(to_text(held, charset.partition("*")[0])[0])
            held = b""
        out.append(text[position : match.start()])
        held, charset, position = held + raw, match[1].lower(), match.end()
    if held:
        out.append(to_text(held, charset.partition("*")[0])[0])
    return clean("".join([*out, text[position:]]))


def _word_bytes(encoding: str, content: str) -> bytes:
    raw = content.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    return from_base64(raw)


def from_base64(raw: bytes) -> bytes:
    """What `raw` encodes, as far as it can be read: letters that do not belong are passed over."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
        kept = kept[: len(kept) - (len(kept) % 4 == 1)]
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def addresses_of(values: Iterable[bytes]) -> list[str]:
    """Every mailbox in address fields, as spelled and without names; for showing and answering, never as proof."""
    found: dict[str, None] = {}
    for value in values:
        text = _QUOTED.sub(" ", readable(value[:50_000])[0] if len(value) < LONGEST_LINE else _long(value))
        for match in _ADDRESS.finditer(text):
            found.setdefault(match[0].strip(".'"))
            if len(found) == MOST_LISTED:
                return list(found)
    return list(found)


def _long(value: bytes) -> str:
    return decode_words(to_text(_FOLD.sub(b"", value[:50_000]))[0])


def ids_of(values: Iterable[bytes]) -> list[str]:
    """Every message id in fields like References, without its brackets, in order and each once; the newest are kept."""
    found: dict[str, None] = {}
    for value in values:
        for match in _ID.finditer(clean(_FOLD.sub(b"", value[-50_000:]).decode("utf-8", "replace"))):
            found.setdefault(match[1])
    return list(found)[-MOST_LISTED:]


def moment_of(value: bytes) -> datetime | None:
    """The aware UTC time of a date field; None for what is none. A date without a zone counts as UTC."""
    text = value.decode("ascii", "replace").strip()[:200]
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
