"""What can be done with one entry: copy its link, pin it, answer it, look at how it came."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from profiles.ids import BIGGEST_ID
from timeline.counting import Counts, counts_of
from timeline.entries import Direction, EntryKind
from timeline.models import Entry
from timeline.pages.agents import actor_of, agent_page, is_fragment, may_judge
from timeline.pages.panel import name_of
from timeline.pages.sheets import sheet
from timeline.pages.toasts import say_refused, say_simply
from timeline.showing.previews import Preview, preview_of
from timeline.showing.wording import channel_of, shown_address
from timeline.work.verbs import WorkRefusedError, pin, unpin


def pinned_of(profile_id: int, counts: Counts | None = None) -> list[tuple[Entry, Preview]]:
    """The pinned entries with a line for each, in the order they were written; nothing is asked when none is."""
    ids = (counts or counts_of(profile_id)).pinned
    if not ids:
        return []
    rows = Entry.objects.filter(id__in=ids, channel_identity__profile_id=profile_id)
    return [(entry, preview_of(entry)) for entry in rows.select_related("account").order_by("occurred_at", "id")]


@require_GET
@agent_page
def entry_menu(request: HttpRequest, entry_id: int) -> HttpResponse:
    """The menu of an entry, with what is known of how it came."""
    entry = found_entry(entry_id)
    identity = entry.channel_identity
    channel = entry.account.channel
    icon, word = channel_of(channel)
    is_theirs = entry.kind == EntryKind.MESSAGE and entry.direction == Direction.IN
    context: dict[str, Any] = {
        "title": _("This entry"),
        "entry": entry,
        "profile_id": identity.profile_id,
        "back": reverse("customer", args=[identity.profile_id]),
        "icon": icon,
        "word": word,
        "address": shown_address(channel, identity.address),
        "is_pinned": any(entry.pk == pinned.pk for pinned, _preview in pinned_of(identity.profile_id)),
        "may_be_pinned": entry.kind not in (EntryKind.WORK, EntryKind.SYSTEM),
        "may_be_answered": is_theirs,
        "may_be_spam": is_theirs and not entry.set_aside and not entry.is_withheld,
        "link": request.build_absolute_uri(f"{reverse('customer', args=[identity.profile_id])}?entry={entry.pk}"),
        "raw": reverse_if_known("entry-raw", [entry.pk]) if may_judge(request) and entry.envelope_id else "",
        "report": reverse_if_known("report-entry", [entry.pk]) if entry.kind == EntryKind.MESSAGE else "",
    }
    return sheet(request, "entry/menu.html", context)


@require_GET
@agent_page
def entry_whole(request: HttpRequest, entry_id: int) -> HttpResponse:
    """The whole text of an entry, of which the story shows the beginning. 404 for one that is kept from the reader."""
    entry = found_entry(entry_id)
    if entry.is_withheld:
        raise Http404("kept from the reader")
    context = {"title": _("The whole text"), "entry": entry, "name": customer_name(entry)}
    return render(request, "entry/whole.html", context)


@require_POST
@agent_page
def pin_entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """The entry stands at the top of its customer's timeline."""
    return _pinning(request, entry_id, is_pinned=True)


@require_POST
@agent_page
def unpin_entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """The entry does not stand there any more."""
    return _pinning(request, entry_id, is_pinned=False)


def _pinning(request: HttpRequest, entry_id: int, *, is_pinned: bool) -> HttpResponse:
    """The strips as they are now for the page's script, the customer's page without it."""
    entry = found_entry(entry_id)
    profile_id = entry.channel_identity.profile_id
    said = _("Pinned to the top") if is_pinned else _("Not pinned any more")
    try:
        (pin if is_pinned else unpin)(entry, actor=actor_of(request))
    except WorkRefusedError as refused:
        if is_fragment(request):
            return HttpResponse(str(refused), status=422, content_type="text/plain")
        say_refused(request, str(refused))
    else:
        if is_fragment(request):
            context = {"pinned": pinned_of(profile_id), "said": said, "profile_id": profile_id}
            return render(request, "inbox/pins.html", context)
        say_simply(request, said)
    return redirect("customer", profile_id=profile_id)


def found_entry(entry_id: int) -> Entry:
    """The entry with its account and its customer of today. Raises Http404."""
    rows = Entry.objects.select_related("account", "channel_identity__profile")
    entry = rows.filter(pk=entry_id).first() if entry_id <= BIGGEST_ID else None
    if entry is None:
        raise Http404("no such entry")
    return entry


def customer_name(entry: Entry) -> str:
    """What its customer is called."""
    return name_of(entry.channel_identity.profile.display_name)


def reverse_if_known(name: str, args: Sequence[Any]) -> str:
    """The address of a page that this hub may not have; empty without it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
