"""What a desktop notice says: who it is about and why, nothing that a customer or a colleague wrote."""

from django.http import Http404, HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from profiles.ids import BIGGEST_ID
from timeline.models import Entry
from timeline.notices import noticed
from timeline.pages.agents import actor_of, agent_page
from timeline.pages.panel import name_of


@require_GET
@agent_page
def notice(request: HttpRequest, entry_id: int) -> JsonResponse:
    """`{title, name, url}` of an entry that is news to whoever asks. Raises Http404 for every other one."""
    found = Entry.objects.filter(pk=entry_id, kind__in=("work", "note")) if entry_id <= BIGGEST_ID else None
    entry = found.select_related("channel_identity__profile").first() if found is not None else None
    if entry is None or actor_of(request).pk not in noticed(entry.detail):
        raise Http404("no such notice")
    profile = entry.channel_identity.profile
    title = _("Assigned to you") if entry.kind == "work" else _("%(name)s mentioned you")
    url = f"{reverse('inbox-customer', args=['all', profile.pk])}?entry={entry.pk}#e-{entry.pk}"
    said = {"title": title % {"name": entry.detail.get("by", "")}, "name": name_of(profile.display_name), "url": url}
    return JsonResponse(said)
