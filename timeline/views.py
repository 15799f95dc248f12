"""The agents' pages: the queue, a customer's timeline, and the fragments that keep both current."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from profiles.models import ChannelAccount
from profiles.reading import current_profile_id, describe
from timeline.agents import BIGGEST_ID, agent_page, is_fragment, may_judge
from timeline.consent_pages import consent_part
from timeline.events import SITES, Activity, activity_of
from timeline.glance import glance
from timeline.identity_glance import identity_glance
from timeline.identity_lines import identity_lines
from timeline.models import Entry, QueueRow
from timeline.panel import Panel, name_of, panel_of
from timeline.presenting import Day, Preview, answered_ids, days_of, preview_of
from timeline.reading import (
    MOST_CHANGED,
    CursorError,
    queue_page,
    timeline_after,
    timeline_around,
    timeline_page,
    timeline_since,
)
from timeline.spam import KeptOut, kept_out
from timeline.toasts import say_moved
from timeline.wording import channel_of

P = ParamSpec("P")
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


def _refuses_odd_cursors(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A cursor that the hub did not make is an address that does not exist."""

    @wraps(view)
    def reading(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except CursorError as error:
            raise Http404("not a cursor") from error

    return reading


@require_GET
@agent_page
def home(request: HttpRequest) -> HttpResponse:
    """The inbox."""
    return redirect("inbox", view="all")


@require_GET
@agent_page
@_refuses_odd_cursors
def inbox(request: HttpRequest, view: str) -> HttpResponse:
    """The queue; the rows after `after`, or those of the customers `ids`, when the page's script asks."""
    _check(view)
    seen = glance()
    context = {"view": view, "glance": seen}
    if is_fragment(request):
        return render(request, "inbox/rows.html", context | _rows(request, view))
    queue = _queue(view)
    if not queue["rows"] and not QueueRow.objects.exists():
        context |= {"is_empty_hub": True, "has_lines": ChannelAccount.objects.exists()}
    return render(request, "inbox/inbox.html", context | queue)


@require_GET
@agent_page
def customer(request: HttpRequest, view: str, profile_id: int) -> HttpResponse:
    """The queue with a customer's timeline and side panel; without the queue when htmx swaps customers.

    With `entry` the timeline is open there. The cursor is taken first, so that what comes meanwhile is pulled.
    """
    _check(view)
    entry = _asked_entry(request)
    if entry and entry.channel_identity.profile_id != profile_id:  # joined or separated since the link was made
        return redirect(_at_entry(view, entry))
    seen = glance(profile_id if profile_id <= BIGGEST_ID else None)
    panel = _panel(profile_id)
    if panel is None:
        return redirect("inbox-customer", view=view, profile_id=_moved(request, profile_id))
    page, newer_cursor = timeline_around(entry) if entry else (timeline_page(profile_id), None)
    context = {
        "newer_cursor": newer_cursor,
        "found": entry,
        "view": view,
        "selected": profile_id,
        "glance": seen,
        "panel": panel,
        "activity": _activity(panel),
        "identity": identity_glance(panel),
        "consent": consent_part(panel),
        "may_judge": may_judge(request),
        "next_cursor": page.next_cursor,
        "days": _days(page.entries[::-1], panel),
    }
    if is_fragment(request):
        return render(request, "inbox/customer.html", context)
    return render(request, "inbox/inbox.html", context | _queue(view))


@require_GET
@agent_page
def customer_alone(request: HttpRequest, profile_id: int) -> HttpResponse:
    """A customer's short address leads to the inbox with that customer open, at an entry if it names one."""
    entry = _asked_entry(request)
    if entry:
        return redirect(_at_entry("all", entry))
    current = _current(profile_id)
    return redirect(
        "inbox-customer", view="all", profile_id=current if current == profile_id else _moved(request, profile_id)
    )


@require_GET
@agent_page
@_refuses_odd_cursors
def older(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The page of entries before the cursor `before`, in reading order, and the way to the page before it."""
    panel = _panel(profile_id)
    if panel is None:
        return redirect(f"{reverse('older', args=[_current(profile_id)])}?{request.GET.urlencode()}")
    page = timeline_page(profile_id, before=request.GET.get("before") or None)
    context = {
        "panel": panel,
        "may_judge": may_judge(request),
        "next_cursor": page.next_cursor,
        "days": _days(page.entries[::-1], panel),
    }
    return render(request, "inbox/older.html", context)


@require_GET
@agent_page
@_refuses_odd_cursors
def newer(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The page of entries after the cursor `after`, in reading order, and the way to the page after it."""
    panel = _panel(profile_id)
    if panel is None:
        return redirect(f"{reverse('newer', args=[_current(profile_id)])}?{request.GET.urlencode()}")
    page = timeline_after(profile_id, request.GET.get("after", ""))
    context = {
        "view": "all",
        "panel": panel,
        "may_judge": may_judge(request),
        "newer_cursor": page.next_cursor,
        "days": _days(page.entries, panel),
        "is_seam": True,
    }
    return render(request, "inbox/newer.html", context)


@require_GET
@agent_page
@_refuses_odd_cursors
def since(request: HttpRequest, profile_id: int) -> HttpResponse:
    """What is new or changed since the cursor `after`: entries, side panel and queue row, and the next cursor."""
    view = request.GET.get("view", "all")
    _check(view)
    panel = _panel(profile_id)
    entries, cursor = timeline_since(profile_id, request.GET.get("after", "")) if panel else ([], "")
    if panel is None or len(entries) >= MOST_CHANGED:  # merged meanwhile, or too far behind: to be loaded whole
        whole = reverse("inbox-customer", args=[view, _current(profile_id) if panel else _moved(request, profile_id)])
        return HttpResponse(status=409, headers={"HX-Location": whole})
    context = {
        "view": view,
        "selected": profile_id,
        "glance": glance(profile_id),
        "panel": panel,
        "activity": _activity(panel),
        "identity": identity_glance(panel),
        "consent": consent_part(panel),
        "may_judge": may_judge(request),
        "cursor": cursor,
        "days": _days(entries, panel),
        "rows": _rows_of([profile_id], view),
    }
    response = render(request, "inbox/since.html", context)
    response["X-Cursor"] = cursor
    return response


def _check(view: str) -> None:
    if view not in VIEWS:
        raise Http404("no such view")


def _current(profile_id: int) -> int:
    current = current_profile_id(profile_id) if profile_id <= BIGGEST_ID else None
    if current is None:
        raise Http404("no such customer")
    return current


def _moved(request: HttpRequest, profile_id: int) -> int:
    """Where a merged id leads; the page there says so. Raises Http404."""
    current = _current(profile_id)
    say_moved(request, current)
    return current


def _asked_entry(request: HttpRequest) -> Entry | None:
    """The entry that the address names, with its customer of today; None if it names none. Raises Http404."""
    asked = request.GET.get("entry", "")
    if not asked:
        return None
    pk = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 20 else BIGGEST_ID + 1
    entry = Entry.objects.select_related("channel_identity").filter(pk=pk).first() if pk <= BIGGEST_ID else None
    if entry is None:
        raise Http404("no such entry")
    return entry


def _at_entry(view: str, entry: Entry) -> str:
    page = reverse("inbox-customer", args=[view, entry.channel_identity.profile_id])
    return f"{page}?entry={entry.pk}#e-{entry.pk}"


def _panel(profile_id: int) -> Panel | None:
    """The customer in words; None for a merged or unknown id."""
    profile = describe(profile_id) if profile_id <= BIGGEST_ID else None
    return panel_of(profile) if profile else None


def _activity(panel: Panel) -> Activity | None:
    """What the customer did on sites and in shops; for the others nobody asks the database."""
    return activity_of(panel.profile_id) if any(channel in SITES for channel, _, _ in panel.channels) else None


def _queue(view: str, *, after: str | None = None) -> dict[str, Any]:
    """A page of the queue."""
    if view == "spam":
        return {"rows": [] if after else [_kept_out(each) for each in kept_out()], "queue_cursor": None}
    page = queue_page(after=after, waiting_only=view == "waiting")
    return {"rows": [_row(row, view) for row in page.rows], "queue_cursor": page.next_cursor}


def _rows(request: HttpRequest, view: str) -> dict[str, Any]:
    """The rows the page's script asks for: single customers, or a page."""
    asked = request.GET.get("ids")
    if asked is None:
        return _queue(view, after=request.GET.get("after") or None)
    ids = [int(part) for part in asked.split(",")[:ROWS_ASKED_LIMIT] if part.isdecimal() and len(part) < 19]
    return {"rows": _rows_of(ids, view)}


def _rows_of(profile_ids: list[int], view: str) -> list[RowView]:
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


def _days(entries: list[Entry], panel: Panel) -> list[Day]:
    """`entries` (oldest first) by day, with the messages that they answer."""
    return days_of(
        entries,
        customer=panel.name,
        names_lines=panel.names_lines,
        replied_to=_replied_to(entries, panel.profile_id),
        lines=identity_lines(entries, panel.profile_id),
    )


def _replied_to(entries: list[Entry], profile_id: int) -> dict[tuple[int, str], Entry]:
    """The messages that `entries` answer, of this customer only: a group's other members are other customers."""
    known = {(entry.account_id, entry.provider_message_id or ""): entry for entry in entries}
    missing = [pair for pair in answered_ids(entries) if pair not in known]
    if missing:
        found = Entry.objects.filter(
            account_id__in={account for account, _ in missing},
            provider_message_id__in={message for _, message in missing},
            channel_identity__profile_id=profile_id,
        ).select_related("account")
        known |= {(entry.account_id, entry.provider_message_id or ""): entry for entry in found}
    return known
