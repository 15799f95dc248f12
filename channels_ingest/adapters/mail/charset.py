"""Bytes of a mail as text. Something always comes out, and what had to be guessed is said."""

import codecs
import re

from charset_normalizer import from_bytes

from channels_ingest.adapters.base import clean

#: Labels that mail programs write and Python does not know, or knows by a narrower table than they mean.
_ALIASES = {
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "cp-850": "cp850",
    "windows-874": "cp874",
    "x-windows-949": "cp949",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-1": "cp1252",  # as the WHATWG Encoding Standard reads it: who writes the label means this one
    "latin1": "cp1252",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
}
#: Codecs that are no charsets of mail; some of them take quadratic time.
_NEVER = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "utf-7"})
_UNSAID = frozenset({"", "us-ascii", "ascii", "unknown", "unknown-8bit", "x-unknown", "default", "none"})
_LABEL = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,40}")
#: Bytes that are looked at when a charset has to be guessed.
_SAMPLE = 20_000
#: Characters of a broken UTF-8 text that may be lost before it is taken for another charset.
_MOST_LOST = 0.01


def to_text(raw: bytes, label: str = "") -> tuple[str, str]:
    """`raw` as text that PostgreSQL can store, and how it was guessed: empty when the label was right.

    The ladder: the declared charset, UTF-8, a guess, Latin. Never raises; the raw bytes stay in the envelope.
    """
    label = label.strip().strip("\"'").lower()
    if label in _UNSAID:
        return _undeclared(raw, label)
    codec = _codec(label)
    if codec:
        try:
            return clean(raw.decode(codec)), ""
        except (UnicodeError, ValueError):
            pass
    text, guess = _undeclared(raw, "")
    return text, guess or ("utf-8" if not raw.isascii() else "us-ascii")


def _codec(label: str) -> str:
    """Python's name for a label; empty if it is none, or one that mail has no business with."""
    name = _ALIASES.get(label, label)
    if not _LABEL.fullmatch(name):
        return ""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    is_text = getattr(found, "_is_text_encoding", True)
    return found.name if is_text and found.name not in _NEVER else ""


def _undeclared(raw: bytes, label: str) -> tuple[str, str]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    else:
        return clean(text), "utf-8" if label in {"us-ascii", "ascii"} and not raw.isascii() else ""
    lenient = raw.decode("utf-8", "replace")
    if lenient.count("\ufffd") <= len(lenient) * _MOST_LOST:
        return clean(lenient), "utf-8"
    return _guessed(raw, label)


def _guessed(raw: bytes, label: str) -> tuple[str, str]:
    """What a label of plain ASCII hides is Windows Latin more often than anything that could be guessed."""
    codec = "" if label in {"us-ascii", "ascii"} else _best_guess(raw)
    for candidate in filter(None, (codec, "cp1252")):
        try:
            return clean(raw.decode(candidate)), candidate
        except (UnicodeError, LookupError):
            continue
    return clean(raw.decode("latin-1")), "latin-1"


def _best_guess(raw: bytes) -> str:
    if len(raw) < 40:  # characters enough to tell one 8-bit charset from another
        return ""
    try:
        best = from_bytes(raw[:_SAMPLE], steps=5, chunk_size=512).best()
    except Exception:  # it is a heuristic over hostile bytes: its failure is no answer
        return ""
    return _codec(best.encoding.replace("_", "-")) or best.encoding if best else ""
