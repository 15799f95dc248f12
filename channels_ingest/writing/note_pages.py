"""Notes in the reply box: for colleagues, beside what is said to the customer."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels_ingest.writing import drafts
from channels_ingest.writing.drafts import Words
from channels_ingest.writing.mentions import mentioned
from channels_ingest.writing.models import WrittenNote
from profiles.ids import BIGGEST_ID
from profiles.locking import lock_id, take_advisory_locks
from profiles.models import ChannelIdentity, StaffMember
from timeline.entries import EntryKind
from timeline.models import Entry
from timeline.outgoing import take_out
from timeline.pages.agents import actor_of, agent_page, is_fragment
from timeline.showing.entries import days_of
from timeline.work.verbs import WorkRefusedError, write_note

#: For so long its author can take a note back: a slip, not a change of mind. Colleagues may have read it after that.
UNDO_SECONDS = 60


class NoteForm(forms.Form):
    """What the box posts. `key` makes a double click one note."""

    channel_identity = forms.IntegerField(min_value=1, max_value=BIGGEST_ID)
    text = forms.CharField(strip=False, required=False, max_length=drafts.LONGEST)
    key = forms.CharField(max_length=255, required=False)


@require_POST
@agent_page
def note(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The note stands on the timeline, and the answer is its entry; or why not."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _refused(request, _("The note could not be read. Load the page again."), profile_id)
    said, author = form.cleaned_data, actor_of(request)
    home = ChannelIdentity.objects.filter(id=said["channel_identity"], profile_id=profile_id)
    if not home.exists():
        moved = _("This address is not this customer's now. Load the page again.")
        return _refused(request, moved, profile_id)
    try:
        entry = _write(author, said["channel_identity"], said["text"].replace("\r\n", "\n"), said["key"])
    except WorkRefusedError as error:
        return _refused(request, str(error), profile_id)
    if not is_fragment(request):
        return redirect("customer", profile_id=profile_id)
    entry = Entry.objects.select_related("account", "channel_identity").get(id=entry.pk)
    days = days_of([entry], customer="", names_lines=False, replied_to={}, lines={})
    context = {"days": days, "entry": entry, "is_note": True, "profile_id": profile_id}
    return render(request, "composer/sent.html", context, status=201)


def _write(author: StaffMember, channel_identity_id: int, text: str, key: str) -> Entry:
    """The note, or the one that this key made already. Raises WorkRefusedError."""
    with transaction.atomic():
        if key:
            take_advisory_locks([lock_id("note key", author.pk, key)])
            made = WrittenNote.objects.select_related("entry").filter(author=author, key=key).first()
            if made is not None and made.entry is not None:
                return made.entry
            if made is not None:
                raise WorkRefusedError(_("This note was taken back."))
        entry = write_note(channel_identity_id, text, actor=author, mentions=mentioned(text))
        WrittenNote.objects.create(author=author, key=key or str(entry.pk), entry=entry)
        drafts.drop(author, channel_identity_id, is_note=True)
    return entry


@require_POST
@agent_page
def undo_note(request: HttpRequest, entry_id: int) -> HttpResponse:
    """The note is gone and is its author's draft again; 409 when it is somebody else's, or was read for too long."""
    if entry_id > BIGGEST_ID:
        raise Http404("no such note")
    author = actor_of(request)
    since = timezone.now() - timedelta(seconds=UNDO_SECONDS)
    with transaction.atomic():
        made = (
            WrittenNote.objects.select_for_update(of=("self",))
            .select_related("entry")
            .filter(author=author, entry_id=entry_id, entry__recorded_at__gt=since, entry__kind=EntryKind.NOTE)
            .first()
        )
        if made is None or made.entry is None or made.entry.is_withheld:
            said = _("Too late: colleagues may have read the note.")
            return render(request, "composer/refused.html", {"reason": said}, status=409)
        entry, home = made.entry, made.entry.channel_identity_id
        WrittenNote.objects.filter(pk=made.pk).update(entry=None)
        profile_id = take_out(entry)
        drafts.give_back(author, home, Words(text=entry.text), is_note=True)
    if not is_fragment(request):
        return redirect("composer", profile_id=profile_id)
    return HttpResponse(str(home), content_type="text/plain")


def _refused(request: HttpRequest, reason: str, profile_id: int) -> HttpResponse:
    if not is_fragment(request):
        messages.error(request, reason)
        return redirect("composer", profile_id=profile_id)
    return render(request, "composer/refused.html", {"reason": reason}, status=422)
