"""Web addresses as an agent may see them: where somebody was, without what would let a reader act as them.

What is kept is named, what is not is left out: a list of dangerous names is never complete.
"""

import re
from collections.abc import Set
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

LONGEST = 500
#: Query parameters that say what somebody looked at or which campaign brought them, and open nothing.
CAMPAIGN = frozenset({"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"})
_HARMLESS = CAMPAIGN | {"page", "sort", "category", "color", "colour", "size", "variant", "lang", "q"}
_LONGEST_PARAMETER = 60
#: What follows one of these in a path is a one-time key more often than not.
_KEY_FOLLOWS = frozenset(
    {"reset", "password", "verify", "confirm", "confirmation", "activate", "activation", "invite", "invitation"}
    | {"magic", "token", "login", "signin", "unsubscribe", "auth", "sso", "share", "download"}
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_LONG_WORD = re.compile(r"[A-Za-z0-9+/=]{16,}")
_HIDDEN = "…"


def shown_address(text: str, *, parameters: Set[str] = _HARMLESS) -> str:
    """`text` without user, fragment, other query parameters and parts of the path that look like keys or mailboxes.

    Empty if it is no http(s) address.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    query = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() in parameters and _is_short(value)]
    place = f"{host}:{port}" if port else host
    return urlunsplit((parts.scheme, place, _shown_path(parts.path), urlencode(query), ""))[:LONGEST]


def _is_short(value: str) -> bool:
    return len(value) <= _LONGEST_PARAMETER and not _is_private(value)


def _shown_path(path: str) -> str:
    shown, before = [], ""
    for segment in path.split("/"):
        word = unquote(segment)
        hides = word and (before.lower() in _KEY_FOLLOWS or _is_private(word))
        shown.append(_HIDDEN if hides or word == _HIDDEN else quote(word, safe="!$&'()*+,;=:@~-._"))
        before = word
    return "/".join(shown)


def _is_private(word: str) -> bool:
    """A mailbox, or a word that nobody would type: long, with letters and digits."""
    if "@" in word or _UUID.search(word):
        return True
    return any(any(map(str.isdigit, part)) and any(map(str.isalpha, part)) for part in _LONG_WORD.findall(word))
