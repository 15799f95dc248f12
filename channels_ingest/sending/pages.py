"""The reply box: a fragment that the customer's page fetches, and what its form posts to.

The same guards as the API's; here the answers are fragments. Without the script the box is a page of its own.
"""

from collections.abc import Callable, Sequence

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels_ingest.sending.holding import hold_seconds
from channels_ingest.sending.models import OutboxMessage
from channels_ingest.sending.retrying import retry
from channels_ingest.sending.several import send_all
from channels_ingest.sending.undoing import take_back
from channels_ingest.sending.wishes import (
    AnsweredSinceError,
    Draft,
    OtherRequestError,
    SendRefusedError,
    Wish,
    check_failed,
)
from channels_ingest.writing import drafts
from channels_ingest.writing.box import box_of
from channels_ingest.writing.mail_fields import AddressError, copies_of
from channels_ingest.writing.uploads import own_ids
from profiles.ids import BIGGEST_ID, id_in
from profiles.reading import current_profile_id
from timeline.models import Entry
from timeline.pages.agents import actor_of, agent_page, is_fragment
from timeline.showing.entries import days_of
from timeline.showing.previews import preview_of
from timeline.work.verbs import assign_if_free


class AnswerForm(forms.Form):
    """What the box posts. The text is taken as it is written; `key` makes a double click one message.

    `replaces` is the entry of a failed message whose text was taken over, to be sent another way.
    """

    channel_identity = forms.IntegerField(min_value=1, max_value=BIGGEST_ID)
    text = forms.CharField(strip=False, required=False)
    last_seen_entry = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)
    key = forms.CharField(max_length=255, required=False)
    replaces = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)
    subject = forms.CharField(max_length=900, required=False)
    cc = forms.CharField(max_length=drafts.LONGEST_CC, required=False)
    new_thread = forms.BooleanField(required=False)


class AgainForm(forms.Form):
    """Sends a failed message again, on another address if one is named."""

    channel_identity = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)
    last_seen_entry = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)


@require_GET
@agent_page
def composer(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The box with the customer's addresses as they stand now."""
    if profile_id > BIGGEST_ID or current_profile_id(profile_id) != profile_id:
        current = current_profile_id(profile_id) if profile_id <= BIGGEST_ID else None
        if current is None:
            raise Http404("no such customer")
        return redirect("composer", profile_id=current)
    asked = request.GET.get("channel_identity", "")
    chosen = id_in(asked)
    context = box_of(profile_id, actor_of(request), chosen=chosen, is_note=request.GET.get("note") == "1")
    return render(request, "composer/box.html" if is_fragment(request) else "composer/page.html", context)


@require_POST
@agent_page
def answer(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The message is queued, and the answer is its entry; or why not, as a fragment for above the text."""
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return refused(request, "; ".join(f"{name}: {' '.join(map(str, e))}" for name, e in form.errors.items()))
    said, author = form.cleaned_data, actor_of(request)
    try:
        copies = copies_of(said["cc"])
    except AddressError as error:
        return refused(request, str(error), profile_id)
    draft = Draft(
        channel_identity_id=said["channel_identity"],
        text=said["text"].replace("\r\n", "\n"),
        subject=said["subject"],
        cc=copies,
        new_thread=said["new_thread"],
        files=own_ids(request.POST.getlist("files"), author=author),
    )
    wish = Wish(
        author=author,
        last_seen_entry=said["last_seen_entry"],
        key=said["key"] or None,
        hold_seconds=hold_seconds(draft),
    )
    if said["replaces"]:
        wish.replaces = OutboxMessage.objects.select_related("entry").filter(entry_id=said["replaces"]).first()

    def verb() -> list[Entry]:
        if wish.replaces is not None:
            check_failed(wish.replaces)
        with transaction.atomic():
            entries = send_all(profile_id, draft, wish)
            drafts.drop(author, draft.channel_identity_id, is_note=False)
        assign_if_free(profile_id, author)  # who answers at once has saved no draft on the way
        return entries

    return told(request, profile_id, verb, held=wish.hold_seconds)


@require_POST
@agent_page
def undo_send(request: HttpRequest, entry_id: int) -> HttpResponse:
    """The message is taken back and the box, fetched anew, has its text; 409 when it was too late."""
    if entry_id > BIGGEST_ID:
        raise Http404("no such message")
    try:
        taken = take_back(entry_id, actor_of(request))
    except SendRefusedError as error:
        if not is_fragment(request):
            messages.error(request, str(error))
            return redirect("home")
        return render(request, "composer/refused.html", {"reason": str(error)}, status=409)
    if not is_fragment(request):
        return redirect("composer", profile_id=taken.profile_id)
    return HttpResponse(str(taken.channel_identity_id), content_type="text/plain")


@require_POST
@agent_page
def send_again(request: HttpRequest, entry_id: int) -> HttpResponse:
    """The failed message goes out once more, as a new one."""
    failed = OutboxMessage.objects.select_related("channel_identity", "entry").filter(entry_id=entry_id).first()
    form = AgainForm(request.POST)
    if failed is None or not form.is_valid():
        raise Http404("no such message was sent from here")
    said = form.cleaned_data
    wish = Wish(author=actor_of(request), last_seen_entry=said["last_seen_entry"])
    profile_id = failed.channel_identity.profile_id
    return told(request, profile_id, lambda: [retry(failed, wish, channel_identity_id=said["channel_identity"])])


def told(
    request: HttpRequest, profile_id: int, verb: Callable[[], Sequence[Entry]], *, held: float = 0
) -> HttpResponse:
    """201 with the entries as the timeline shows them; 409 with the colleague's answer; 422 with the reason."""
    try:
        entries = verb()
    except AnsweredSinceError as error:
        by = error.entry.detail.get("by") or {}
        context = {"entry": error.entry, "who": by.get("name") or error.entry.account.name}
        context["preview"] = preview_of(error.entry)
        return render(request, "composer/answered.html", context, status=409)
    except OtherRequestError:  # the answer was lost on its way back, and what was written has changed since
        reason = _("An earlier form of this message was sent after all, see above. Send again and this one follows.")
        return refused(request, reason, profile_id, is_spent=True)
    except SendRefusedError as error:
        return refused(request, str(error), profile_id)
    if not is_fragment(request):
        return redirect("customer", profile_id=profile_id)
    days = days_of(entries, customer="", names_lines=False, replied_to={}, lines={})
    context = {"days": days, "entry": entries[-1], "held": int(held), "profile_id": profile_id}
    return render(request, "composer/sent.html", context, status=201)


def refused(
    request: HttpRequest, reason: str, profile_id: int | None = None, *, is_spent: bool = False
) -> HttpResponse:
    """Why nothing was sent; `is_spent` tells the box that its key belongs to a message that was."""
    if not is_fragment(request) and profile_id is not None:
        messages.error(request, reason)
        return redirect("composer", profile_id=profile_id)
    return render(request, "composer/refused.html", {"reason": reason, "is_spent": is_spent}, status=422)
