"""The reply box: a fragment that the customer's page fetches, and what its form posts to.

The same guards as the API's; here the answers are fragments. Without the script the box is a page of its own.
"""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from channels_ingest.sending.chips import chips_of
from channels_ingest.sending.composing import (
    AnsweredSinceError,
    Draft,
    OtherRequestError,
    SendRefusedError,
    Wish,
    check_failed,
    retry,
    send,
)
from channels_ingest.sending.models import OutboxMessage
from profiles.models import Profile
from profiles.reading import current_profile_id
from timeline.models import Entry
from timeline.pages.agents import BIGGEST_ID, actor_of, agent_page, is_fragment
from timeline.pages.panel import name_of
from timeline.showing.entries import days_of
from timeline.showing.previews import preview_of


class AnswerForm(forms.Form):
    """What the box posts. The text is taken as it is written; `key` makes a double click one message.

    `replaces` is the entry of a failed message whose text was taken over, to be sent another way.
    """

    channel_identity = forms.IntegerField(min_value=1, max_value=BIGGEST_ID)
    text = forms.CharField(strip=False, required=False)
    last_seen_entry = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)
    key = forms.CharField(max_length=255, required=False)
    replaces = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)


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
    context = _box(profile_id, chosen=int(asked) if asked.isdecimal() and len(asked) < 19 else None)
    return render(request, "composer/box.html" if is_fragment(request) else "composer/page.html", context)


@require_POST
@agent_page
def answer(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The message is queued, and the answer is its entry; or why not, as a fragment for above the text."""
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _refused(request, "; ".join(f"{name}: {' '.join(map(str, e))}" for name, e in form.errors.items()))
    said = form.cleaned_data
    draft = Draft(channel_identity_id=said["channel_identity"], text=said["text"].replace("\r\n", "\n"))
    wish = Wish(author=actor_of(request), last_seen_entry=said["last_seen_entry"], key=said["key"] or None)
    if said["replaces"]:
        wish.replaces = OutboxMessage.objects.select_related("entry").filter(entry_id=said["replaces"]).first()

    def verb() -> Entry:
        if wish.replaces is not None:
            check_failed(wish.replaces)
        return send(profile_id, draft, wish)

    return _told(request, profile_id, verb)


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
    return _told(request, profile_id, lambda: retry(failed, wish, channel_identity_id=said["channel_identity"]))


def _told(request: HttpRequest, profile_id: int, verb: Callable[[], Entry]) -> HttpResponse:
    """201 with the entry as the timeline shows it; 409 with the colleague's answer; 422 with the reason."""
    try:
        entry = verb()
    except AnsweredSinceError as error:
        by = error.entry.detail.get("by") or {}
        context = {"entry": error.entry, "who": by.get("name") or error.entry.account.name}
        context["preview"] = preview_of(error.entry)
        return render(request, "composer/answered.html", context, status=409)
    except (SendRefusedError, OtherRequestError) as error:
        return _refused(request, str(error), profile_id)
    if not is_fragment(request):
        return redirect("customer", profile_id=profile_id)
    days = days_of([entry], customer="", names_lines=False, replied_to={}, lines={})
    return render(request, "composer/sent.html", {"days": days, "entry": entry}, status=201)


def _refused(request: HttpRequest, reason: str, profile_id: int | None = None) -> HttpResponse:
    if not is_fragment(request) and profile_id is not None:
        messages.error(request, reason)
        return redirect("composer", profile_id=profile_id)
    return render(request, "composer/refused.html", {"reason": reason}, status=422)


def _box(profile_id: int, *, chosen: int | None) -> dict[str, Any]:
    chips = chips_of(profile_id, chosen=chosen)
    return {
        "profile_id": profile_id,
        "name": name_of(Profile.objects.values_list("display_name", flat=True).get(id=profile_id)),
        "chips": chips,
        "chosen": next((chip for chip in chips if chip.is_chosen), None),
        "key": uuid.uuid4(),
        "last_seen_entry": _newest(profile_id),
    }


def _newest(profile_id: int) -> int | None:
    """The newest entry of the customer: what a page without the script has seen."""
    rows = Entry.objects.filter(channel_identity__profile_id=profile_id)
    return rows.order_by("-occurred_at", "-id").values_list("id", flat=True).first()
