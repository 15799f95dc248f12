"""What this session did and can still take back, for the palette: a toast goes, its way back stays a while."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import time

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

UNDO, AGAIN, POST, WORK, BACK = "undo", "again", "post", "work", "back"
MOST, KEPT_SECONDS = 5, 3600
_NAME = "recent"


@dataclass(frozen=True, slots=True)
class RecentAction:
    """`words` said what was done; a post to `url`, of the `token` if there is one, takes it back."""

    words: str
    url: str
    token: str = ""
    is_again: bool = False


def remember(request: HttpRequest, words: str, kind: str, value: str) -> None:
    """It is the newest that can be taken back."""
    others = [row for row in request.session.get(_NAME, []) if row[2] != value]
    request.session[_NAME] = [[words, kind, value, int(time())], *others][:MOST]


def recent_actions(request: HttpRequest) -> Iterator[RecentAction]:
    """The newest first, of the last hour."""
    for words, kind, value, at in request.session.get(_NAME, []):
        if at > time() - KEPT_SECONDS and (url := _url(kind, value)):
            yield RecentAction(words, url, value if kind == WORK else "", kind == AGAIN)


def forget_taken_back(request: HttpRequest) -> None:
    """What this post took back is not offered again."""
    known = request.session.get(_NAME)
    if not known:
        return
    token = request.POST.get("token", "")
    left = [row for row in known if (row[2] != token if row[1] == WORK else _url(row[1], row[2]) != request.path)]
    if len(left) < len(known):
        request.session[_NAME] = left


def _url(kind: str, value: str) -> str:
    """Empty for what this release does not know."""
    names = {UNDO: "undo", AGAIN: "undo", BACK: "review-back"}
    if kind == POST:
        return value
    try:
        return reverse("take-back") if kind == WORK else reverse(names[kind], args=[value])
    except (KeyError, NoReverseMatch):
        return ""
