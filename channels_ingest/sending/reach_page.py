"""The panel's list of addresses with what the reply box knows: whether each can be answered at this moment."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from channels_ingest.sending.guards import Openness, openness_of_all
from profiles.ids import BIGGEST_ID, id_in
from profiles.models import ChannelIdentity
from profiles.reading import describe
from timeline.pages.agents import agent_page, is_fragment
from timeline.pages.customer import current_of
from timeline.pages.panel import Panel, panel_of
from timeline.pages.reach import ReachRow, reach_of, shown_of
from timeline.pages.sheets import sheet
from timeline.pages.side import closed_parts
from timeline.showing.ages import in_words

#: Addresses on one page of all of them.
PAGE = 50


@require_GET
@agent_page
def reach(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Each address with its state by the rule of the reply box. Without a script the customer's page has them."""
    panel = _panel(profile_id)
    if panel is None:
        return redirect("reach", profile_id=current_of(profile_id))
    if not is_fragment(request):
        return redirect("customer", profile_id=profile_id)
    shown = shown_of(reach_of(panel))
    context = {"closed": closed_parts(request), "profile_id": panel.profile_id}
    return render(request, "inbox/side/reach.html", context | shown | {"reach": _told_all(shown["reach"])})


@require_GET
@agent_page
def addresses(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Every address and identifier of a customer who has more than the panel lists, a page at a time."""
    panel = _panel(profile_id)
    if panel is None:
        return redirect("addresses", profile_id=current_of(profile_id))
    start = id_in(request.GET.get("from", "")) or 0
    rows, known = reach_of(panel), panel.identifiers
    context = {
        "title": _("All addresses"),
        "profile_id": panel.profile_id,
        "reach": _told_all(rows[start : start + PAGE]),
        "known": known[start : start + PAGE],
        "before": max(0, start - PAGE) if start else None,
        "after": start + PAGE if max(len(rows), len(known)) > start + PAGE else None,
    }
    return sheet(request, "inbox/side/addresses.html", context)


def _panel(profile_id: int) -> Panel | None:
    profile = describe(profile_id, with_traits=False) if profile_id <= BIGGEST_ID else None
    return panel_of(profile) if profile else None


def _told_all(rows: list[ReachRow]) -> list[ReachRow]:
    """The rows with their states, in as many queries as one takes."""
    asked = ChannelIdentity.objects.filter(id__in=[row.at.id for row in rows]).select_related("account")
    openness, now = openness_of_all(list(asked)), timezone.now()
    return [_told(row, openness.get(row.at.id), now) for row in rows]


def _told(row: ReachRow, found: Openness | None, now: datetime) -> ReachRow:
    """The row with its state: can be answered, until when, or why not."""
    if found is None:
        return row
    if found.closed:
        return row.told(state=_("closed"), tone="bad", reason=found.closed.reason)
    if found.closed_to_text:
        return row.told(state=_("window closed: template only"), tone="warn", reason=found.closed_to_text.reason)
    if found.window_ends_at:
        left = in_words(now - (found.window_ends_at - now), now, "span")
        return row.told(state=_("open, %(time)s left") % {"time": left}, tone="good", reason="")
    if found.caution:
        return row.told(state=_("open, sender not proved"), tone="warn", reason=found.caution)
    return row.told(state=pgettext("an address", "open"), tone="good", reason="")
