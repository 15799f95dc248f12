"""Pages say who looks at a customer, and learn who else does."""

import re

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from profiles.ids import BIGGEST_ID
from profiles.models import StaffMember
from timeline.pages.agents import actor_of, agent_page
from timeline.presence import leave, names_of, note, places
from timeline.showing.wording import CHANNELS

_TAB = re.compile(r"[\w-]{1,40}", re.ASCII)


@require_POST
@agent_page
def presence(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The tab `tab` shows the customer (`is_writing`, on `channel`), or with `gone` shows it no more."""
    tab, channel = request.POST.get("tab", ""), request.POST.get("channel", "")
    if not _TAB.fullmatch(tab) or profile_id > BIGGEST_ID:
        return HttpResponse(status=400)
    member_id = actor_of(request).pk
    if request.POST.get("gone"):
        leave(member_id, tab)
    else:
        known = channel if channel in CHANNELS else ""
        note(member_id, tab, profile_id, is_writing=request.POST.get("is_writing") == "1", channel=known)
    return HttpResponse(status=204)


@require_GET
@agent_page
def everybody(request: HttpRequest) -> JsonResponse:
    """`{members: {id: name}, channels: {code: word}, here: [{p, m, s, ch}]}`, without who asks."""
    here = places(without=actor_of(request).pk)
    names = names_of(list(StaffMember.objects.filter(is_active=True).values_list("pk", flat=True)))
    return JsonResponse(
        {
            "members": names,
            "channels": {code: str(word) for code, (_, word) in CHANNELS.items()},
            "here": [{"p": each.profile_id, "m": each.member_id, "s": each.state, "ch": each.channel} for each in here],
        }
    )
