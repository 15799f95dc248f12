"""What the page's script says and asks about what an agent has read."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from profiles.ids import BIGGEST_ID, id_in
from timeline.models import Entry
from timeline.pages.agents import actor_of, agent_page
from timeline.snapshots import CursorError
from timeline.unread import mark_seen, mark_unread, next_unread


@require_POST
@agent_page
def seen(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The agent saw the timeline to its end: up to `entry`, on a page made at `cursor`."""
    entry_id = _number(request.POST.get("entry"))
    if entry_id is None or profile_id > BIGGEST_ID:
        return HttpResponse(status=400)
    try:
        mark_seen(actor_of(request), profile_id, cursor=request.POST.get("cursor", ""), entry_id=entry_id)
    except CursorError:
        return HttpResponse(status=400)
    return HttpResponse(status=204)


@require_POST
@agent_page
def unread_from(request: HttpRequest, entry_id: int) -> JsonResponse:
    """`{count}` of messages that are unread from the entry on. Raises Http404."""
    found = Entry.objects.filter(pk=entry_id) if entry_id <= BIGGEST_ID else Entry.objects.none()
    entry = found.select_related("channel_identity__profile").first()
    if entry is None:
        raise Http404("no such entry")
    return JsonResponse({"count": mark_unread(actor_of(request), entry).count})


@require_GET
@agent_page
def next_one(request: HttpRequest) -> HttpResponse:
    """`{url}` of the next customer with news, other than `after`; 204 when there is none."""
    profile_id = next_unread(actor_of(request), after=_number(request.GET.get("after")))
    if profile_id is None:
        return HttpResponse(status=204)
    return JsonResponse({"url": reverse("inbox-customer", args=["all", profile_id])})


def _number(text: str | None) -> int | None:
    return id_in(text or "")
