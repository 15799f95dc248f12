"""The template picker: a dialog with the line's templates, one of them filled in, and how it will read."""

import uuid
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels_ingest.adapters.sending import Template
from channels_ingest.sending import pages as sending_pages
from channels_ingest.sending.guards import SERVICE, openness_of
from channels_ingest.sending.holding import hold_seconds
from channels_ingest.sending.several import send_all
from channels_ingest.sending.wishes import Draft, Wish
from channels_ingest.writing import begun_templates, drafts, listing_templates
from channels_ingest.writing.models import MessageTemplate
from channels_ingest.writing.snippets import values_for
from channels_ingest.writing.templates import (
    APPROVED,
    UnfilledError,
    built,
    reading_of,
    slots_of,
    verdict_on,
)
from profiles.ids import BIGGEST_ID
from profiles.models import Channel, ChannelIdentity
from profiles.reading_rights import hidden_now
from timeline.models import Entry
from timeline.pages.agents import actor_of, agent_page, is_fragment

MOST_SHOWN = 60


class TemplateForm(forms.Form):
    """What the dialog posts besides the values, whose names are their places."""

    last_seen_entry = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)
    key = forms.CharField(max_length=255, required=False)


@require_GET
@agent_page
def templates(request: HttpRequest, channel_identity_id: int) -> HttpResponse:
    """The line's templates, those that can be sent first; with a query those that have its words."""
    return _list(request, _address(channel_identity_id))


@require_POST
@agent_page
def refresh(request: HttpRequest, channel_identity_id: int) -> HttpResponse:
    """The list as the provider has it now."""
    identity = _address(channel_identity_id)
    fault = ""
    try:
        listing_templates.refresh(identity.account)
    except listing_templates.NotListedError as error:
        fault = str(error)
    if not is_fragment(request) and not fault:
        return redirect("templates", channel_identity_id=channel_identity_id)
    return _list(request, identity, fault=fault)


def _list(request: HttpRequest, identity: ChannelIdentity, *, fault: str = "") -> HttpResponse:
    query = request.GET.get("q", "").strip()[:80]
    rows = MessageTemplate.objects.filter(account=identity.account)
    has_any = rows.exists()
    if query:
        rows = rows.filter(Q(name__icontains=query) | Q(shown_name__icontains=query) | Q(components__icontains=query))
    found = sorted(rows[:400], key=lambda row: (row.status != APPROVED, (row.shown_name or row.name).lower()))
    context = {
        "identity": identity,
        "rows": [
            {
                "row": row,
                "name": row.shown_name or row.name,
                "text": reading_of(row, {}).text,
                "is_approved": row.status == APPROVED,
            }
            for row in found[:MOST_SHOWN]
        ],
        "query": query,
        "has_any": has_any,
        "fault": fault,
        "can_refresh": listing_templates.can_refresh(identity.account),
        "title": _("Templates of %(line)s") % {"line": identity.account.name},
    }
    part = "composer/template_rows.html" if request.GET.get("rows") == "1" else "composer/templates.html"
    return _sheet(request, part, context)


@require_http_methods(["GET", "POST"])
@agent_page
def template(request: HttpRequest, channel_identity_id: int, template_id: int) -> HttpResponse:
    """One template to be filled in; posted, it is queued, and the answer is its entry or why not."""
    identity, row = _both(channel_identity_id, template_id)
    if request.method == "POST":
        return _send(request, identity, row)
    member = actor_of(request)
    values = begun_templates.begun_values(member, identity.pk, row)
    if not values:
        known = values_for(identity.profile_id, member)
        first = slots_of(row, {})[:1]
        values = {slot.place: known.get("customer.first_name", "") for slot in first if slot.place == "body:1"}
    return _sheet(request, "composer/template.html", _context(identity, row, values))


@require_POST
@agent_page
def preview(request: HttpRequest, channel_identity_id: int, template_id: int) -> HttpResponse:
    """How it will read with what is filled in so far, which is kept as begun."""
    identity, row = _both(channel_identity_id, template_id)
    values, member = _values(request, row), actor_of(request)
    if not drafts.is_sent(member, request.POST.get("key", "")[:255]):
        begun_templates.keep(member, identity.pk, row, values)
    return render(request, "composer/template_reading.html", _context(identity, row, values))


def _context(identity: ChannelIdentity, row: MessageTemplate, values: dict[str, str]) -> dict[str, Any]:
    purpose, fault = verdict_on(identity.account_id, Template(name=row.name, language=row.language), SERVICE)
    closed = fault or openness_of(identity, purpose=purpose).closed
    return {
        "identity": identity,
        "row": row,
        "slots": slots_of(row, values),
        "reading": reading_of(row, values),
        "closed": closed.reason if closed else "",
        "key": uuid.uuid4(),
        "title": row.shown_name or row.name,
    }


def _values(request: HttpRequest, row: MessageTemplate) -> dict[str, str]:
    return {slot.place: request.POST.get(slot.place, "")[:2_000] for slot in slots_of(row, {})}


def _send(request: HttpRequest, identity: ChannelIdentity, row: MessageTemplate) -> HttpResponse:
    form, values = TemplateForm(request.POST), _values(request, row)
    if not form.is_valid():
        return sending_pages.refused(request, _("Load the page again."), identity.profile_id)
    said = form.cleaned_data
    try:
        filled = built(row, values)
    except UnfilledError as error:
        return sending_pages.refused(request, str(error), identity.profile_id)
    text = reading_of(row, values).text
    draft = Draft(channel_identity_id=identity.pk, text=text, template=filled)
    wish = Wish(
        author=actor_of(request),
        last_seen_entry=said["last_seen_entry"],
        key=said["key"] or None,
        hold_seconds=hold_seconds(draft),
    )

    def verb() -> list[Entry]:
        with transaction.atomic():
            entries = send_all(identity.profile_id, draft, wish)
            begun_templates.drop(wish.author, identity.pk)
        return entries

    return sending_pages.told(request, identity.profile_id, verb, held=wish.hold_seconds)


def _sheet(request: HttpRequest, part: str, context: dict[str, Any]) -> HttpResponse:
    """The part in the dialog of the page that asked, or on a page of its own without a script."""
    if is_fragment(request):
        return render(request, part, context)
    return render(request, "composer/sheet_page.html", {**context, "part": part})


def _address(channel_identity_id: int) -> ChannelIdentity:
    """A WhatsApp address of a line that may be read. Raises Http404."""
    found = None
    if channel_identity_id <= BIGGEST_ID:
        rows = ChannelIdentity.objects.select_related("account")
        rows = rows.filter(account__channel=Channel.WHATSAPP).exclude(account_id__in=hidden_now())
        found = rows.filter(id=channel_identity_id).first()
    if found is None:
        raise Http404("no such WhatsApp address")
    return found


def _both(channel_identity_id: int, template_id: int) -> tuple[ChannelIdentity, MessageTemplate]:
    identity = _address(channel_identity_id)
    row = None
    if template_id <= BIGGEST_ID:
        row = MessageTemplate.objects.filter(id=template_id, account_id=identity.account_id).first()
    if row is None:
        raise Http404("no such template of this line")
    return identity, row
