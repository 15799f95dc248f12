"""How wide an agent made the panes of the inbox, and which of them are away: in a cookie, so that no page jumps.

No style may stand in a page, by the content policy: other widths than ours are a sheet of their own.
"""

import re
from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

COOKIE = "panes"
USUAL = 320
#: Narrowest and widest, in CSS pixels; `panes.js` keeps to the same by what the dividers say.
QUEUE, SIDE = (240, 480), (260, 520)
_TOLD = re.compile(r"(\d{3})\.(\d{3})\.(q?s?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Panes:
    """Widths in CSS pixels; `away` are the classes of the panes that are not shown."""

    queue: int = USUAL
    side: int = USUAL
    away: str = ""

    @property
    def is_usual(self) -> bool:
        """Whether the sheet of styles that everybody has says it already."""
        return self.queue == self.side == USUAL


def panes_of(request: HttpRequest) -> Panes:
    """As the cookie says; an odd one says nothing."""
    told = _TOLD.fullmatch(request.COOKIES.get(COOKIE, ""))
    if told is None or not _fits(int(told[1]), int(told[2])):
        return Panes()
    away = [name for letter, name in (("q", "no-queue"), ("s", "no-side")) if letter in told[3]]
    return Panes(int(told[1]), int(told[2]), " ".join(away))


@require_GET
@login_not_required
def widths(request: HttpRequest, queue: int, side: int) -> HttpResponse:
    """The two widths as a style sheet; it says nothing of anybody and never changes."""
    if not _fits(queue, side):
        raise Http404("no such widths")
    sheet = f":root{{--queue:{queue}px;--side:{side}px}}"
    return HttpResponse(
        sheet, content_type="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )


def _fits(queue: int, side: int) -> bool:
    return QUEUE[0] <= queue <= QUEUE[1] and SIDE[0] <= side <= SIDE[1]
