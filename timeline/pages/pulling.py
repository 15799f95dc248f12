"""What an open page pulls when something happened: the entries first and alone, all that stands around them after that.

Entries come many times a second and somebody waits for them; the panel, the buttons and the queue may be late.
"""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from timeline.entries import Direction, EntryKind, SetAside
from timeline.filters import TimelineFilter
from timeline.models import Entry
from timeline.pages.agents import agent_page, may_judge
from timeline.pages.cursors import refuses_odd_cursors
from timeline.pages.customer import current_of, moved, panel_at
from timeline.pages.entry_menu import pinned_of
from timeline.pages.glance import WorkView, glance
from timeline.pages.listing import AskedQueue, carried_queue
from timeline.pages.queue import asked_ids, rows_of
from timeline.pages.side import side_of
from timeline.pages.story import asked_filter, newest_handoffs, story_days
from timeline.reading import MOST_CHANGED, timeline_since
from timeline.showing.dues import due_of


@require_GET
@agent_page
@refuses_odd_cursors
def since(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The entries that are new or changed since the cursor `after`, and the next cursor."""
    queue = carried_queue(request, request.GET.get("view", "all"))
    only = asked_filter(request)
    panel = panel_at(profile_id, with_evidence=False)
    entries, cursor = timeline_since(profile_id, request.GET.get("after", "")) if panel else ([], "")
    if panel is None:
        return _elsewhere(request, queue, profile_id)
    if len(entries) >= MOST_CHANGED:  # too far behind: to be loaded whole
        return _whole(queue, current_of(profile_id))
    told, now = newest_handoffs(panel)
    wanted = [entry for entry in entries if _is_wanted(entry, only)]
    context = {
        "view": queue.slug,
        "queue": queue,
        "panel": panel,
        "may_judge": may_judge(request),
        "cursor": cursor,
        "days": story_days(wanted, panel, told=told),
        "outside": [entry for entry in entries if entry not in wanted and _asks(entry)],
        "handoff": now,
    }
    response = render(request, "inbox/since.html", context)
    response["X-Cursor"] = cursor
    return response


@require_GET
@agent_page
def around(request: HttpRequest, profile_id: int) -> HttpResponse:
    """What stands around the entries now, and the rows of the customer and of the others in `ids`."""
    queue = carried_queue(request, request.GET.get("view", "all"))
    panel = panel_at(profile_id)
    if panel is None:
        return _elsewhere(request, queue, profile_id)
    seen = glance(queue.member, profile_id)
    context = {
        "view": queue.slug,
        "queue": queue,
        "selected": profile_id,
        "glance": seen,
        "panel": panel,
        **side_of(request, panel, seen.work),
        "due": due_of(seen.work, _waiting(profile_id, seen.work)),
        "pinned": pinned_of(profile_id),
        "rows": rows_of(request, queue, {profile_id, *asked_ids(request)}),
    }
    return render(request, "inbox/around.html", context)


def _elsewhere(request: HttpRequest, queue: AskedQueue, profile_id: int) -> HttpResponse:
    """The customer was merged meanwhile. Raises Http404."""
    return _whole(queue, moved(request, profile_id))


def _whole(queue: AskedQueue, profile_id: int) -> HttpResponse:
    """The script is told to load the customer's page."""
    return HttpResponse(status=409, headers={"HX-Location": queue.customer_url(profile_id)})


def _waiting(profile_id: int, work: WorkView) -> QuerySet[Entry]:
    """The message that waits for an answer by a certain time, if one does."""
    if work.due_at is None or work.waiting_since is None:
        return Entry.objects.none()
    found = Entry.objects.filter(channel_identity__profile_id=profile_id, occurred_at=work.waiting_since)
    return found.filter(kind=EntryKind.MESSAGE, direction=Direction.IN).select_related("account")


def _asks(entry: Entry) -> bool:
    """Whether the customer said it, and somebody should look."""
    return (entry.kind, entry.direction, entry.set_aside) == (EntryKind.MESSAGE, Direction.IN, SetAside.NOT)


def _is_wanted(entry: Entry, only: TimelineFilter) -> bool:
    return only.takes(kind=entry.kind, channel=entry.account.channel, delivery=entry.delivery)
