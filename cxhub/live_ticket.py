"""The web half of the live stream: a logged-in page asks for a ticket to connect with. And who is logged in at all."""

import secrets

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from cxhub.live import ticket_for
from profiles.access import READERS
from profiles.models import StaffMember


@login_not_required
def staff(request: HttpRequest) -> HttpResponse:
    """204 for staff who are logged in and 401 for all others; `cxhub.front` asks before it reads a long body."""
    member = request.user
    is_staff = isinstance(member, StaffMember) and member.is_active and member.role in READERS
    return HttpResponse(status=204 if is_staff else 401)


@login_not_required
@require_POST
def live_ticket(request: HttpRequest) -> JsonResponse:
    """`{"url"}` of the event stream, good for one connection within thirty seconds."""
    member = request.user
    if not isinstance(member, StaffMember) or member.role not in READERS:
        return JsonResponse({"detail": "log in first"}, status=403)
    ticket = ticket_for(settings.SECRET_KEY, member.pk, member.access_revision, secrets.token_urlsafe(12))
    return JsonResponse({"url": f"{settings.LIVE_URL}/events?ticket={ticket}"})
