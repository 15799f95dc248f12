"""From a page to a file: who may read the entry is checked here, each time, and then sent on to a link that expires."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from profiles.ids import BIGGEST_ID
from timeline.files import extension_of
from timeline.media_links import HTML_PLACE, MediaLink, Variant, has_own_host, media_path
from timeline.models import Entry
from timeline.pages.agents import agent_page


@require_safe
@agent_page
def entry_file(request: HttpRequest, entry_id: int, place: str, variant: str) -> HttpResponse:
    """The stored file `place` of an entry, in the given variant."""
    if variant not in set(Variant) or not (place == HTML_PLACE or place.isdecimal()) or len(place) > 4:
        raise Http404("no such file")
    file = stored_file(entry_id, place)
    if file is None:
        raise Http404("no such file")
    is_as_it_came = variant in (Variant.FILE, Variant.PLAY)
    ending = extension_of(str(file.get("mime_type") or "")) if is_as_it_came else ""
    path = media_path(MediaLink(entry_id, place, Variant(variant)), ending=ending)
    return redirect(f"{settings.MEDIA_LINKS_URL if has_own_host() else ''}{path}")


def stored_file(entry_id: int, place: str) -> dict[str, object] | None:
    """What the entry says of its stored file, with the name it was sent under; None if there is none."""
    # The whole entry, so that it is withheld from who may not read its line.
    entry = Entry.objects.filter(pk=entry_id).first() if entry_id <= BIGGEST_ID else None
    detail = entry.detail if entry else None
    if not isinstance(detail, dict):
        return None
    if place == HTML_PLACE:
        part = detail.get("html")
    else:
        attachments = detail.get("attachments")
        number = int(place)
        part = attachments[number] if isinstance(attachments, list) and number < len(attachments) else None
    if not isinstance(part, dict) or part.get("state") != "stored" or not isinstance(part.get("file"), dict):
        return None
    return {**part["file"], "name": part.get("name")}
