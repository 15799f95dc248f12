"""What a desktop notice says: why it is there; whom it is about and what was written for those who asked for that."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from profiles.ids import BIGGEST_ID
from profiles.preferences import preferences_of
from timeline.models import Entry, QueueRow
from timeline.notices import noticed
from timeline.pages.agents import actor_of, agent_page
from timeline.pages.panel import name_of
from timeline.showing.previews import preview_of


@require_GET
@agent_page
def notice(request: HttpRequest, entry_id: int) -> HttpResponse:
    """`{title, body, url}` of an entry that is news to whoever asks; 204 if they want no notices.

    Raises Http404 for every other entry. The body is empty unless they want names and texts: it may stand on a locked
    screen.
    """
    found = Entry.objects.filter(pk=entry_id, kind__in=("work", "note")) if entry_id <= BIGGEST_ID else None
    entry = found.select_related("channel_identity__profile").first() if found is not None else None
    member = actor_of(request)
    if entry is None or member.pk not in noticed(entry.detail):
        raise Http404("no such notice")
    mine = preferences_of(member)
    if not mine.has_notices:
        return HttpResponse(status=204)
    profile = entry.channel_identity.profile
    title = _("Assigned to you") if entry.kind == "work" else _("%(name)s mentioned you")
    url = f"{reverse('inbox-customer', args=['all', profile.pk])}?entry={entry.pk}#e-{entry.pk}"
    said = {"title": title % {"name": entry.detail.get("by", "")}, "body": "", "url": url}
    if mine.has_notice_text:
        said["body"] = ": ".join(filter(None, (name_of(profile.display_name), _text_of(entry, profile.pk))))
    return JsonResponse(said)


def _text_of(entry: Entry, profile_id: int) -> str:
    """The note, or what happened last with the customer who was assigned, in one line."""
    if entry.kind == "note":
        return preview_of(entry).text
    row = QueueRow.objects.select_related("last_entry__account").filter(profile_id=profile_id).first()
    return preview_of(row.last_entry).text if row and row.last_entry else ""
