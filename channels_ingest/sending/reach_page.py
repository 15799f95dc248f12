"""The panel's list of addresses with what the reply box knows: whether each can be answered at this moment."""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from channels_ingest.sending.guards import Openness, openness_of_all
from profiles.ids import BIGGEST_ID
from profiles.models import ChannelIdentity
from profiles.reading import current_profile_id, describe
from timeline.pages.agents import agent_page, is_fragment
from timeline.pages.panel import panel_of
from timeline.pages.reach import ReachRow, reach_of
from timeline.pages.side import closed_parts
from timeline.showing.ages import in_words

#: Addresses that are asked about; who has more is no person who could be answered on all of them.
MOST_ASKED = 50


@require_GET
@agent_page
def reach(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Each address with its state by the rule of the reply box. Without a script the customer's page has them."""
    profile = describe(profile_id, with_traits=False) if profile_id <= BIGGEST_ID else None
    if profile is None:
        current = current_profile_id(profile_id) if profile_id <= BIGGEST_ID else None
        if current is None:
            raise Http404("no such customer")
        return redirect("reach", profile_id=current)
    if not is_fragment(request):
        return redirect("customer", profile_id=profile_id)
    rows = reach_of(panel_of(profile))
    asked = [row.at.id for row in rows[:MOST_ASKED]]
    openness = openness_of_all(list(ChannelIdentity.objects.filter(id__in=asked).select_related("account")))
    now = timezone.now()
    context = {
        "reach": [_told(row, openness.get(row.at.id), now) for row in rows],
        "closed": closed_parts(request),
        "profile_id": profile.id,
    }
    return render(request, "inbox/side/reach.html", context)


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
