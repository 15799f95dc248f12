"""Short-lived signed links to the files of entries.

A link names an entry and a place in it and holds nothing personal, so that it may stand in an access log. Whoever has
one may read the file until it expires: a link is only given to somebody who may read the entry.
"""

import re
import time
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.core.signing import BadSignature, Signer

#: A link is good for this long at most, and for half of it at least: within a half, links to one file are the same,
#: so that a browser's cache finds it again.
LINK_SECONDS = 300
_PATTERN = re.compile(r"([0-9]{1,19})\.([0-9]{1,4}|html)\.([a-z]{1,12})\.([0-9]{1,12})")


class Variant(StrEnum):
    """What of a file is served."""

    FILE = "file"  # as it came, to be saved
    PLAY = "play"  # as it came, for a player
    HANDED = "handed"  # as it came and named by its type, for a provider or a visitor's browser
    FULL = "full"  # a picture, re-encoded
    THUMBNAIL = "thumbnail"
    EMBEDDED = "embedded"  # a picture within the formatted text of a mail
    HTML = "html"  # the formatted text of a mail, sanitised
    PICTURES = "pictures"  # the same, with pictures from elsewhere


HTML_PLACE = "html"


@dataclass(frozen=True, slots=True)
class MediaLink:
    """What a link leads to. `place` is the attachment's number in `detail`, or `html`."""

    entry_id: int
    place: str
    variant: Variant


def media_path(link: MediaLink, *, ending: str = "", seconds: int = LINK_SECONDS) -> str:
    """The path that serves it from now on for between half of `seconds` and all of them."""
    half = seconds // 2
    expires = (int(time.time()) // half + 2) * half
    token = _signer().sign(f"{link.entry_id}.{link.place}.{link.variant}.{expires}")
    return f"/media/{token}/{link.variant}{'.' if ending else ''}{ending}"


def media_url(link: MediaLink, *, ending: str = "", seconds: int = LINK_SECONDS) -> str:
    """The same as a whole URL, for those who are not on one of the hub's pages."""
    return f"{settings.MEDIA_LINKS_URL}{media_path(link, ending=ending, seconds=seconds)}"


def has_own_host() -> bool:
    """Whether files have a host of their own."""
    return str(settings.MEDIA_LINKS_URL) != str(settings.PUBLIC_BASE_URL).rstrip("/")


def read_token(token: str) -> tuple[MediaLink, int] | None:
    """What a token leads to and for how many seconds still; None for one that is wrong or expired."""
    try:
        found = _PATTERN.fullmatch(_signer().unsign(token))
    except BadSignature:
        return None
    if found is None or found[3] not in set(Variant):
        return None
    left = int(found[4]) - int(time.time())
    return (MediaLink(int(found[1]), found[2], Variant(found[3])), left) if left > 0 else None


def _signer() -> Signer:
    return Signer(salt="timeline.media_links")
