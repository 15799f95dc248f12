"""The panel beside the timeline: its head comes with the page, the rest is a fragment of its own.

So the page costs the same whatever is known of a customer, and the parts that change by themselves ask again alone.
"""

import zoneinfo
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from profiles.ids import BIGGEST_ID
from profiles.reading import current_profile_id, describe
from profiles.review_queue import open_reviews
from profiles.why import OperationView, OtherProfile, operations_about
from timeline.brief.reading import brief_of
from timeline.brief.wording import line_of
from timeline.identity.glance import identity_glance
from timeline.identity.operation_rows import OperationRow, rows_of
from timeline.identity.review_rows import KINDS, reasons_of
from timeline.pages.agents import actor_of, agent_page, is_fragment, may_judge
from timeline.pages.glance import WorkView
from timeline.pages.panel import Panel, name_of, panel_of
from timeline.pages.reach import reach_of, shown_of
from timeline.reading import load
from timeline.showing.dates import written
from timeline.showing.events import SITES, activity_of
from timeline.showing.previews import LINE_ICONS, preview_of
from timeline.showing.surveys import satisfaction_of
from timeline.work.reading import work_of

#: Rows of the parts that may be long; the whole is one click away.
DUPLICATES_SHOWN = 3
HISTORY_SHOWN = 4
PINNED_SHOWN = 5
#: The cookie with the parts that the agent folded, and what is folded for who never folded any: nothing.
CLOSED_COOKIE, CLOSED_AT_FIRST = "closed", ""
PARTS = frozenset(
    {"reach", "brief", "orders", "pinned", "facts", "pages", "satisfaction", "duplicates", "history"},
)


@dataclass(frozen=True, slots=True)
class PinnedRow:
    """An entry that a colleague pinned, in a line."""

    entry_id: int
    icon: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DuplicateRow:
    """Somebody who may be the same person, and why."""

    id: int
    icon: str
    other: "OtherRow"
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class OtherRow:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """What a colleague decided about who this is; `others` are who else it was about."""

    what: OperationRow
    others: list[OtherProfile]
    is_merge: bool


def side_of(request: HttpRequest, panel: Panel, work: WorkView) -> dict[str, Any]:
    """What the head of the panel needs besides the customer; no query unless an address is shared."""
    return {
        "identity": identity_glance(panel),
        **shown_of(reach_of(panel)),
        "closed": closed_parts(request),
        "their_time": time_in(work.zone),
        "now": timezone.now(),
    }


def time_in(zone: str) -> str:
    """The time of day in a zone of the tz database; empty for what is none."""
    try:
        found = zoneinfo.ZoneInfo(zone) if zone else None
    except (KeyError, ValueError, OSError):  # unknown, not a zone's spelling, or the name of a folder of zones
        found = None
    if found is None:
        return ""
    now = timezone.now().astimezone(found)
    return written(now.replace(tzinfo=None), "time" if now.date() == timezone.localdate() else "weekday, time")


def closed_parts(request: HttpRequest) -> list[str]:
    """The parts that the agent folded, as the script remembers them."""
    told = request.COOKIES.get(CLOSED_COOKIE, CLOSED_AT_FIRST)
    return sorted(PARTS.intersection(told.split(".")))


@require_GET
@agent_page
def side(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The parts of the panel from the brief down; without a script they are a page of their own."""
    profile = describe(profile_id) if profile_id <= BIGGEST_ID else None
    if profile is None:
        current = current_profile_id(profile_id) if profile_id <= BIGGEST_ID else None
        if current is None:
            raise Http404("no such customer")
        return redirect(f"{reverse('side', args=[current])}?{request.GET.urlencode()}")
    panel = panel_of(profile)
    context = {
        "view": _view(request),
        "panel": panel,
        "profile_id": profile_id,
        "closed": closed_parts(request),
        "may_judge": may_judge(request),
        **_brief(request, profile_id),
        **_done(panel),
        **_work(profile_id),
        **_identity(panel),
    }
    return render(request, "inbox/side/parts.html" if is_fragment(request) else "inbox/side/page.html", context)


def _brief(request: HttpRequest, profile_id: int) -> dict[str, Any]:
    now = timezone.now()
    brief = brief_of(profile_id, since=_since(request), reader=actor_of(request).pk, now=now)
    return {"brief": brief, "lines": [line_of(finding, now) for finding in brief.lines]}


def _done(panel: Panel) -> dict[str, Any]:
    """What they did on sites and in shops, and said of it; for the others nobody asks the database."""
    if not any(channel in SITES for channel, _icon, _word in panel.channels):
        return {}
    activity = activity_of(panel.profile_id)
    return {"activity": activity, "satisfaction": satisfaction_of(activity.surveys)}


def _work(profile_id: int) -> dict[str, Any]:
    """Pinned entries and tags."""
    work = work_of(profile_id)
    entries = {entry.pk: entry for entry in load(work.pinned[-PINNED_SHOWN:])} if work.pinned else {}
    rows = []
    for pk in reversed(work.pinned):
        if entry := entries.get(pk):
            shown = preview_of(entry)
            icon = shown.icon or LINE_ICONS.get(entry.kind, "message-square")
            rows.append(PinnedRow(pk, icon, " ".join(filter(None, (shown.word, shown.text))), entry.occurred_at))
    return {"pinned": rows, "tags": work.tags}


def _identity(panel: Panel) -> dict[str, Any]:
    """Who else this may be, and what was decided so far."""
    pairs = []
    for review in open_reviews(profile_id=panel.profile_id, limit=DUPLICATES_SHOWN):
        other = review.other if review.one.id == panel.profile_id else review.one
        shown = OtherRow(other.id, name_of(other.display_name))
        pairs.append(DuplicateRow(review.id, KINDS.get(review.kind, KINDS["duplicate"])[0], shown, reasons_of(review)))
    about = [panel.profile_id, *(row.id for row in panel.addresses)]
    return {
        "duplicates": pairs,
        "identity": identity_glance(panel),
        "history": _history(operations_about(about, limit=HISTORY_SHOWN), panel.profile_id),
    }


def _history(views: list[OperationView], profile_id: int) -> list[HistoryRow]:
    is_merge = {
        view.id: view.verb == "merge" or (view.verb == "decide" and view.detail.get("verdict") != "different")
        for view in views
    }
    return [
        HistoryRow(
            row,
            [other for other in row.subjects if other.id != profile_id],
            is_merge[row.id],
        )
        for row in rows_of(views)
    ]


def _view(request: HttpRequest) -> str:
    """The view of the queue that links keep."""
    asked = request.GET.get("view", "")
    return asked if asked and all(letter.isalnum() or letter in "-_" for letter in asked) and asked.isascii() else "all"


def _since(request: HttpRequest) -> datetime | None:
    """The last visit as the page knew it when it was opened; an odd one is none."""
    try:
        moment = parse_datetime(request.GET.get("since", ""))
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
