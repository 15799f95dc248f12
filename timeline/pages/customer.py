"""A customer's page: the timeline, the panel beside it, and the fragments that keep both current."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from profiles.ids import BIGGEST_ID, id_in
from profiles.reading import current_profile_id, describe
from timeline.models import Entry
from timeline.pages.agents import actor_of, agent_page, is_fragment, may_judge
from timeline.pages.cursors import refuses_odd_cursors
from timeline.pages.glance import glance
from timeline.pages.listing import carried_queue
from timeline.pages.panel import Panel, panel_of
from timeline.pages.queue import queue_of
from timeline.pages.side import side_of
from timeline.pages.story import asked_filter, handoffs_on, hits_of, story_days, story_of
from timeline.pages.toasts import say_moved
from timeline.reading import encode_cursor, timeline_after, timeline_page
from timeline.unread import unread_of


@require_GET
@agent_page
def customer(request: HttpRequest, view: str, profile_id: int) -> HttpResponse:
    """The queue with a customer's timeline and side panel; without the queue when htmx swaps customers.

    With `entry` the timeline is open there. The cursor is taken first, so that what comes meanwhile is pulled.
    """
    queue = carried_queue(request, view)
    entry = _asked_entry(request)
    if entry and entry.channel_identity.profile_id != profile_id:  # joined or separated since the link was made
        return redirect(_at_entry(request, view, entry))
    seen = glance(queue.member, profile_id if profile_id <= BIGGEST_ID else None)
    panel = panel_at(profile_id)
    if panel is None:
        return redirect(queue.customer_url(moved(request, profile_id)))
    context = story_of(request, panel, work=seen.work, entry=entry) | {
        "view": queue.slug,
        "queue": queue,
        "selected": profile_id,
        "glance": seen,
        "panel": panel,
        "unread": unread_of(actor_of(request), profile_id),
        **side_of(request, panel, seen.work),
        "may_judge": may_judge(request),
    }
    if is_fragment(request):
        return render(request, "inbox/customer.html", context)
    return render(request, "inbox/inbox.html", context | queue_of(request, queue, seen))


@require_GET
@agent_page
def story(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The timeline alone, when a chip is pressed or a hit opened; without the page's script the whole page."""
    queue = carried_queue(request, request.GET.get("view", "all"))
    entry = _asked_entry(request)
    panel = panel_at(profile_id) if is_fragment(request) else None
    if panel is None or (entry and entry.channel_identity.profile_id != profile_id):
        page = reverse("inbox-customer", args=[queue.slug, current_of(profile_id)])
        asked = request.GET.copy()
        asked.pop("view", None)
        return redirect(f"{page}?{asked.urlencode()}")
    context = story_of(request, panel, work=glance(queue.member, profile_id).work, entry=entry) | {
        "view": queue.slug,
        "queue": queue,
        "panel": panel,
        "may_judge": may_judge(request),
    }
    return render(request, "inbox/story.html", context)


@require_GET
@agent_page
def find_in(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Where this customer's story says what is asked for."""
    queue = carried_queue(request, request.GET.get("view", "all"))
    context = {"panel": {"profile_id": current_of(profile_id)}, "view": queue.slug, "queue": queue}
    context["only"] = asked_filter(request)
    return render(request, "inbox/hits_of.html", context | hits_of(request, profile_id))


@require_GET
@agent_page
def customer_alone(request: HttpRequest, profile_id: int) -> HttpResponse:
    """A customer's short address leads to the inbox with that customer open, at an entry if it names one."""
    entry = _asked_entry(request)
    if entry:
        return redirect(_at_entry(request, "all", entry))
    current = current_of(profile_id)
    return redirect(
        "inbox-customer", view="all", profile_id=current if current == profile_id else moved(request, profile_id)
    )


@require_GET
@agent_page
@refuses_odd_cursors
def older(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The page of entries before the cursor `before`, in reading order, and the way to the page before it."""
    panel = panel_at(profile_id)
    if panel is None:
        return redirect(f"{reverse('older', args=[current_of(profile_id)])}?{request.GET.urlencode()}")
    only = asked_filter(request)
    page = timeline_page(profile_id, before=_asked_place(request, "before") or None, only=only)
    entries = page.entries[::-1]
    context = {
        "panel": panel,
        "only": only,
        "may_judge": may_judge(request),
        "next_cursor": page.next_cursor,
        "days": story_days(entries, panel, told=handoffs_on(entries, panel, only=only)[0]),
    }
    return render(request, "inbox/older.html", context)


@require_GET
@agent_page
@refuses_odd_cursors
def newer(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The page of entries after the cursor `after`, in reading order, and the way to the page after it."""
    panel = panel_at(profile_id)
    if panel is None:
        return redirect(f"{reverse('newer', args=[current_of(profile_id)])}?{request.GET.urlencode()}")
    only = asked_filter(request)
    page = timeline_after(profile_id, _asked_place(request, "after"), only=only)
    context = {
        "view": "all",
        "panel": panel,
        "only": only,
        "may_judge": may_judge(request),
        "newer_cursor": page.next_cursor,
        "days": story_days(page.entries, panel, told=handoffs_on(page.entries, panel, only=only)[0]),
        "is_seam": True,
    }
    return render(request, "inbox/newer.html", context)


def current_of(profile_id: int) -> int:
    """The id that the customer has today. Raises Http404."""
    current = current_profile_id(profile_id) if profile_id <= BIGGEST_ID else None
    if current is None:
        raise Http404("no such customer")
    return current


def moved(request: HttpRequest, profile_id: int) -> int:
    """Where a merged id leads; the page there says so. Raises Http404."""
    current = current_of(profile_id)
    say_moved(request, current)
    return current


def _asked_entry(request: HttpRequest, name: str = "entry") -> Entry | None:
    """The entry that the address names, with its customer of today; None if it names none. Raises Http404."""
    asked = request.GET.get(name, "")
    if not asked:
        return None
    pk = id_in(asked)
    entry = Entry.objects.select_related("channel_identity").filter(pk=pk).first() if pk is not None else None
    if entry is None:
        raise Http404("no such entry")
    return entry


def _asked_place(request: HttpRequest, name: str) -> str:
    """The cursor given, or that of the entry `from`, where a long page was cut off. Raises Http404."""
    if "from" not in request.GET:
        return request.GET.get(name, "")
    entry = _asked_entry(request, "from")
    return encode_cursor(entry.occurred_at, entry.pk) if entry else ""


def _at_entry(request: HttpRequest, view: str, entry: Entry) -> str:
    page = reverse("inbox-customer", args=[view, entry.channel_identity.profile_id])
    return f"{page}?entry={entry.pk}{asked_filter(request).query}#e-{entry.pk}"


def panel_at(profile_id: int, *, with_evidence: bool = True) -> Panel | None:
    """The customer in words; None for a merged or unknown id.

    Without evidence it names who they are and where they write, in one query, and nothing of how that is known.
    """
    found = profile_id <= BIGGEST_ID
    profile = describe(profile_id, with_traits=False, with_evidence=with_evidence) if found else None
    return panel_of(profile) if profile else None
