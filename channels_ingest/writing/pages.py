"""What the reply box asks for while somebody writes: drafts, files, colleagues' names."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels_ingest.media.files import StorageError
from channels_ingest.sending.lines import sending_line
from channels_ingest.webchat.typing import tell_typing
from channels_ingest.writing import drafts
from channels_ingest.writing.box import file_chips
from channels_ingest.writing.drafts import Words
from channels_ingest.writing.mentions import colleagues
from channels_ingest.writing.uploads import UploadError, take
from profiles.ids import BIGGEST_ID, id_in
from profiles.models import Channel, ChannelIdentity, StaffMember
from profiles.reading import current_profile_id
from profiles.reading_rights import hidden_now
from timeline.pages.agents import actor_of, agent_page
from timeline.work.verbs import assign_if_free


class DraftForm(forms.Form):
    """What the box posts while it is written in. `moved_from` is the address whose draft this was until now."""

    channel_identity = forms.IntegerField(min_value=1, max_value=BIGGEST_ID)
    moved_from = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)
    note = forms.BooleanField(required=False)
    text = forms.CharField(strip=False, required=False, max_length=drafts.LONGEST)
    subject = forms.CharField(required=False, max_length=900)
    cc = forms.CharField(required=False, max_length=drafts.LONGEST_CC)
    new_thread = forms.BooleanField(required=False)
    key = forms.CharField(max_length=255, required=False)


@require_POST
@agent_page
def save_draft(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The draft is kept; 204.

    Whoever begins an answer has the customer, if nobody has and the hub is set so; a visitor of a chat sees them write.
    """
    form = DraftForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    said, member = form.cleaned_data, actor_of(request)
    identity = _address(profile_id, said["channel_identity"])
    words = Words(
        text=said["text"],
        subject=said["subject"],
        cc=said["cc"],
        new_thread=said["new_thread"],
        uploads=tuple(request.POST.getlist("files")),
    )
    is_kept = drafts.save(member, identity.pk, words, is_note=said["note"], key=said["key"])
    moved_from = said["moved_from"]
    if moved_from and moved_from != identity.pk:
        drafts.drop(member, moved_from, is_note=said["note"])
    if is_kept and not said["note"] and identity.account_id not in hidden_now():
        _tell_visitor(identity, member)
        assign_if_free(identity.profile_id, member)
    return HttpResponse(status=204)


def _tell_visitor(identity: ChannelIdentity, member: StaffMember) -> None:
    """A visitor of the web chat sees who is writing; never an agent's mailbox."""
    if identity.account.channel == Channel.CHAT:
        tell_typing(identity.address, member.name[:80])


def _address(profile_id: int, channel_identity_id: int) -> ChannelIdentity:
    """The address, which is this customer's now, or of whom they were merged into meanwhile. Raises Http404."""
    found = ChannelIdentity.objects.select_related("account").filter(id=channel_identity_id).first()
    if found is None or (found.profile_id != profile_id and found.profile_id != current_profile_id(profile_id)):
        raise Http404("not an address of this customer")
    return found


@require_POST
@agent_page
def upload(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The file is in storage, and the answer is its chip for the box; 422 with the reason."""
    picked = request.FILES.get("file")
    asked = id_in(request.POST.get("channel_identity", ""))
    identity = _address(profile_id, asked) if asked is not None else None
    if picked is None or picked.size is None:
        return _refused(request, _("No file came along."))
    try:
        taken = take(
            picked,
            name=picked.name or "",
            declared_type=picked.content_type or "",
            size=picked.size,
            author=actor_of(request),
        )
    except UploadError as error:
        return _refused(request, str(error))
    except StorageError:
        return _refused(request, _("The file could not be stored. Try again in a moment."))
    chips = file_chips([taken], sending_line(identity.account) if identity else None)
    return render(request, "composer/files.html", {"files": chips}, status=201)


def _refused(request: HttpRequest, reason: str) -> HttpResponse:
    return render(request, "composer/refused.html", {"reason": reason}, status=422)


@require_GET
@agent_page
def mention(request: HttpRequest) -> HttpResponse:
    """Colleagues whose names start with what was typed behind the @, as options of a list."""
    found = colleagues(request.GET.get("q", ""), without=actor_of(request))
    return render(request, "composer/colleagues.html", {"colleagues": found})
