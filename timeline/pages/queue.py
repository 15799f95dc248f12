"""The queue: a page of rows, single rows as the page's script asks for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from profiles.models import ChannelAccount
from timeline.models import Entry, QueueRow
from timeline.pages.agents import agent_page, is_fragment
from timeline.pages.cursors import refuses_odd_cursors
from timeline.pages.glance import glance
from timeline.pages.panel import name_of
from timeline.reading import (
    queue_page,
)
from timeline.showing.previews import Preview, preview_of
from timeline.showing.wording import channel_of
from timeline.spam import KeptOut, kept_out

VIEWS = ("all", "waiting", "spam")
ROWS_ASKED_LIMIT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One customer in the queue. `sort` is what the script orders rows by: the newest or the longest waiting first."""

    profile_id: int
    name: str
    channel: str
    channel_icon: str
    channel_word: str
    preview: Preview | None
    is_out: bool
    moment: datetime
    waiting_since: datetime | None
    sort: datetime


@require_GET
@agent_page
def home(request: HttpRequest) -> HttpResponse:
    """The inbox."""
    return redirect("inbox", view="all")


@require_GET
@agent_page
@refuses_odd_cursors
def inbox(request: HttpRequest, view: str) -> HttpResponse:
    """The queue; the rows after `after`, or those of the customers `ids`, when the page's script asks."""
    check_view(view)
    seen = glance()
    context = {"view": view, "glance": seen}
    if is_fragment(request):
        return render(request, "inbox/rows.html", context | _rows(request, view))
    queue = queue_of(view)
    if not queue["rows"] and not QueueRow.objects.exists():
        context |= {"is_empty_hub": True, "has_lines": ChannelAccount.objects.exists()}
    return render(request, "inbox/inbox.html", context | queue)


def check_view(view: str) -> None:
    if view not in VIEWS:
        raise Http404("no such view")


def queue_of(view: str, *, after: str | None = None) -> dict[str, Any]:
    """A page of the queue."""
    if view == "spam":
        return {"rows": [] if after else [_kept_out(each) for each in kept_out()], "queue_cursor": None}
    page = queue_page(after=after, waiting_only=view == "waiting")
    return {"rows": [_row(row, view) for row in page.rows], "queue_cursor": page.next_cursor}


def _rows(request: HttpRequest, view: str) -> dict[str, Any]:
    """The rows the page's script asks for: single customers, or a page."""
    asked = request.GET.get("ids")
    if asked is None:
        return queue_of(view, after=request.GET.get("after") or None)
    ids = [int(part) for part in asked.split(",")[:ROWS_ASKED_LIMIT] if part.isdecimal() and len(part) < 19]
    return {"rows": rows_of(ids, view)}


def rows_of(profile_ids: list[int], view: str) -> list[RowView]:
    """The rows of the customers as far as they belong to the view."""
    if view == "spam":
        return [_kept_out(each) for each in kept_out(profile_ids)]
    rows = QueueRow.objects.filter(pk__in=profile_ids)
    if view == "waiting":
        rows = rows.filter(waiting_since__isnull=False)
    return [_row(row, view) for row in rows.select_related("profile", "last_entry__account")]


def _row(row: QueueRow, view: str) -> RowView:
    sort = row.waiting_since if view == "waiting" and row.waiting_since else row.last_entry_at
    return _row_view(
        row.profile_id, row.profile.display_name, row.last_entry, row.last_entry_at, row.waiting_since, sort
    )


def _kept_out(each: KeptOut) -> RowView:
    return _row_view(each.profile_id, each.name, each.entry, each.moment, None, each.moment)


def _row_view(
    profile_id: int, name: str, entry: Entry | None, moment: datetime, waiting_since: datetime | None, sort: datetime
) -> RowView:
    channel = entry.account.channel if entry else ""
    icon, word = channel_of(channel) if entry else ("", "")
    return RowView(
        profile_id=profile_id,
        name=name_of(name),
        channel=channel,
        channel_icon=icon,
        channel_word=word,
        preview=preview_of(entry) if entry else None,
        is_out=bool(entry and entry.direction == "out"),
        moment=moment,
        waiting_since=waiting_since,
        sort=sort,
    )
