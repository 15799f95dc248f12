"""The queue: a page of rows, single rows as the page's script asks for them."""

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from profiles.ids import id_in
from profiles.models import ChannelAccount
from timeline.models import QueueRow
from timeline.pages.agents import actor_of, agent_page, is_fragment
from timeline.pages.cursors import refuses_odd_cursors
from timeline.pages.glance import Glance, glance
from timeline.pages.listing import AskedQueue, asked_queue
from timeline.pages.rows import RowView, kept_out_view, row_views
from timeline.pages.switching import switcher
from timeline.spam import kept_out, kept_out_page

ROWS_ASKED_LIMIT = 60


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
    queue = asked_queue(request, view)
    seen = glance(actor_of(request))
    context = {"queue": queue, "view": queue.slug, "glance": seen}
    if is_fragment(request):
        return render(request, "inbox/rows.html", context | _rows(request, queue))
    page = queue_of(request, queue, seen)
    if not page["rows"] and not QueueRow.objects.exists():
        context |= {"is_empty_hub": True, "has_lines": ChannelAccount.objects.exists()}
    return render(request, "inbox/inbox.html", context | page)


def queue_of(
    request: HttpRequest, queue: AskedQueue, seen: Glance | None = None, *, after: str | None = None
) -> dict[str, Any]:
    """A page of the queue; with a glance the way to the other views too."""
    around = {"switcher": switcher(queue, seen.saved)} if seen else {}
    if queue.is_spam:
        kept = kept_out_page(after=after)
        rows = [kept_out_view(each) for each in kept.rows]
        return around | {"rows": rows, "queue_cursor": kept.next_cursor, "is_falling": True}
    listing = queue.listing(request)
    page = listing.page(after=after)
    return around | {
        "rows": row_views(page.rows, queue.member),
        "queue_cursor": page.next_cursor,
        "is_falling": listing.is_falling,
    }


def rows_of(request: HttpRequest, queue: AskedQueue, profile_ids: Collection[int]) -> list[RowView]:
    """The rows of the customers as far as they belong to the queue."""
    if queue.is_spam:
        return [kept_out_view(each) for each in kept_out(profile_ids)]
    return row_views(queue.listing(request).those_of(profile_ids), queue.member)


def _rows(request: HttpRequest, queue: AskedQueue) -> dict[str, Any]:
    """The rows the page's script asks for: single customers, or a page."""
    if "ids" not in request.GET:
        return queue_of(request, queue, after=request.GET.get("after") or None)
    return {"rows": rows_of(request, queue, asked_ids(request))}


def asked_ids(request: HttpRequest) -> list[int]:
    """The customers whose rows the page's script asks for."""
    parts = request.GET.get("ids", "").split(",")[:ROWS_ASKED_LIMIT]
    return [pk for part in parts if (pk := id_in(part)) is not None]
