"""A customer's story on paper: one column, everything open, and who printed it when."""

import logging
from datetime import date, datetime, time, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from profiles.ids import BIGGEST_ID
from profiles.reading import current_profile_id, describe
from timeline.models import Entry
from timeline.pages.agents import actor_of, agent_page
from timeline.pages.panel import panel_of
from timeline.pages.story import asked_filter, handoffs_on, story_days
from timeline.reading import encode_cursor, timeline_page

log = logging.getLogger("cxhub.printed")

#: Days that are printed when no others are asked for.
USUAL_DAYS = 30
#: More entries than anybody reads on paper; who needs them all takes shorter ranges.
MOST_PRINTED = 2_000


@require_GET
@agent_page
def print_story(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The entries from the day `from` to the end of the day `to`, in the agent's zone; who printed is logged."""
    profile = describe(profile_id) if profile_id <= BIGGEST_ID else None
    if profile is None:
        current = current_profile_id(profile_id) if profile_id <= BIGGEST_ID else None
        if current is None:
            raise Http404("no such customer")
        return redirect("print-story", profile_id=current)
    panel = panel_of(profile)
    last = _asked_day(request, "to", timezone.localdate())
    first = min(_asked_day(request, "from", last - timedelta(days=USUAL_DAYS)), last)
    only = asked_filter(request)
    end = _midnight(last + timedelta(days=1))
    page = timeline_page(profile_id, before=encode_cursor(end, 0), limit=MOST_PRINTED, only=only)
    entries: list[Entry] = [entry for entry in page.entries[::-1] if entry.occurred_at >= _midnight(first)]
    log.info("printed", extra={"profile": profile_id, "count": len(entries), "member": actor_of(request).pk})
    context = {
        "panel": panel,
        "only": only,
        "first": first,
        "last": last,
        "days": story_days(entries, panel, told=handoffs_on(entries, panel, only=only)[0]),
        "count": len(entries),
        "is_cut": page.next_cursor is not None and len(entries) == MOST_PRINTED,
        "by": str(actor_of(request)),
        "now": timezone.now(),
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "inbox/print.html", context)


def _asked_day(request: HttpRequest, name: str, otherwise: date) -> date:
    """The day given, within what a calendar can say; another for none or an odd one."""
    try:
        day = parse_date(request.GET.get(name, "")) or otherwise
    except ValueError:
        return otherwise
    return day if date(1990, 1, 1) <= day <= date(2200, 1, 1) else otherwise


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
