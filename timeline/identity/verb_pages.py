"""Correcting what a customer's identity rests on: one question each, in a dialog or on its own page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django import forms
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from profiles.correcting import draw_boundary, mark, withdraw_boundary, withdraw_sighting
from profiles.ids import BIGGEST_ID
from profiles.models import Boundary, ChannelIdentity, Sighting, StaffMember
from profiles.operations import Done, VerbRefusedError
from timeline.identity.why_page import identifier_line
from timeline.pages.agents import actor_of, judge_page
from timeline.pages.sheets import sheet
from timeline.pages.toasts import say_done
from timeline.showing.wording import channel_of, shown_address

M = TypeVar("M", bound=Model)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class ReasonForm(forms.Form):
    """Why; colleagues will read it."""

    reason = forms.CharField(label=_lazy("Why?"), max_length=500, required=False, widget=forms.Textarea({"rows": 2}))


class SinceForm(ReasonForm):
    """Since when somebody else writes, in the agent's time zone."""

    since = forms.DateTimeField(
        label=_lazy("Since"), widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    field_order = ("since", "reason")

    def clean_since(self) -> datetime:
        """Raises ValidationError for a moment that no message of ours can lie around."""
        since: datetime = self.cleaned_data["since"]
        if not EARLIEST <= since <= timezone.now():
            raise forms.ValidationError(_("Choose a moment in the past."))
        return since


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked before a correction; `said` is the toast when it is done."""

    title: str
    lead: str
    points: list[str]
    icon: str
    action: str
    said: str
    profile_id: int


@require_http_methods(["GET", "POST"])
@judge_page
def withdraw_seen(request: HttpRequest, sighting_id: int) -> HttpResponse:
    """The identifier does not belong to that address."""
    row = _found(Sighting, sighting_id)
    identifier = row.identifier
    line, address = identifier_line(identifier.kind, identifier.value), _address(row.channel_identity)
    question = Question(
        title=_("Withdraw the %(identifier)s?") % {"identifier": line},
        lead=_("It counts as never seen at %(address)s.") % {"address": address},
        points=[
            _("Customers that only this tied together come apart"),
            _("Seen there again in the same way, it stays withdrawn"),
            _("Undo brings it back, at any time"),
        ],
        icon="ban",
        action=_("Withdraw"),
        said=_("Withdrawn: %(identifier)s") % {"identifier": line},
        profile_id=row.channel_identity.profile_id,
    )
    return _ask(request, question, lambda actor, form: withdraw_sighting(row, actor=actor, reason=form["reason"]))


@require_http_methods(["GET", "POST"])
@judge_page
def withdraw_since(request: HttpRequest, boundary_id: int) -> HttpResponse:
    """The same person goes on using the address."""
    row = _found(Boundary, boundary_id)
    holder = ChannelIdentity.objects.filter(account_id=row.account_id, address=row.address).order_by("id").first()
    if holder is None:
        raise Http404("nobody has written from this address yet")
    question = Question(
        title=_("The same person after all?"),
        lead=_("What came from %(address)s since then goes back to who wrote before.") % {"address": _address(holder)},
        points=[_("Messages move between the two customers"), _("Undo moves them back, at any time")],
        icon="undo-2",
        action=_("It is the same person"),
        said=_("It is the same person again"),
        profile_id=holder.profile_id,
    )
    return _ask(request, question, lambda actor, form: withdraw_boundary(row, actor=actor, reason=form["reason"]))


@require_http_methods(["GET", "POST"])
@judge_page
def mark_identifier(request: HttpRequest, sighting_id: int, status: str) -> HttpResponse:
    """The identifier is shared, nobody's, or one person's own."""
    row = _found(Sighting, sighting_id)
    identifier = row.identifier
    line = {"identifier": identifier_line(identifier.kind, identifier.value)}
    texts = _mark_texts().get(status)
    if texts is None:
        raise Http404("no such status")
    title, lead, points, icon, action = texts
    question = Question(
        title=title % line,
        lead=lead,
        points=points,
        icon=icon,
        action=action,
        said=f"{action}: {line['identifier']}",
        profile_id=row.channel_identity.profile_id,
    )
    facts = (identifier.kind, identifier.scope, identifier.value, status)
    return _ask(request, question, lambda actor, form: mark(*facts, actor=actor, reason=form["reason"]))


@require_http_methods(["GET", "POST"])
@judge_page
def somebody_else(request: HttpRequest, channel_identity_id: int) -> HttpResponse:
    """From some moment on another person writes from the address."""
    row = _found(ChannelIdentity, channel_identity_id)
    question = Question(
        title=_("Somebody else writes from %(address)s?") % {"address": _address(row)},
        lead=_("What came since then becomes another customer’s. What came before stays here."),
        points=[
            _("A number was given up and handed on, or a phone changed hands"),
            _("Replies to the old customer no longer go there"),
            _("Undo puts everything back, at any time"),
        ],
        icon="calendar-clock",
        action=_("Somebody else since then"),
        said=_("Somebody else writes from %(address)s since then") % {"address": _address(row)},
        profile_id=row.profile_id,
    )
    return _ask(
        request,
        question,
        lambda actor, form: draw_boundary(row, form["since"], actor=actor, reason=form["reason"]),
        form_class=SinceForm,
    )


def _ask(
    request: HttpRequest,
    question: Question,
    act: Callable[[StaffMember, dict[str, Any]], Done],
    *,
    form_class: type[ReasonForm] = ReasonForm,
) -> HttpResponse:
    """The question; answered, it is done and the identity page says so; refused, it is asked again with the reason."""
    back = reverse("identity", args=[question.profile_id])
    form = form_class(request.POST or None)
    refusal = ""
    if request.method == "POST":
        form = form_class(request.POST)
        if form.is_valid():
            try:
                done = act(actor_of(request), form.cleaned_data)
            except VerbRefusedError as error:
                refusal = str(error)
            else:
                say_done(request, question.said, done, nothing=_("Nothing to do: it is so already"))
                return redirect(back)
    context = {"question": question, "form": form, "refusal": refusal, "back": back, "action": request.path}
    return sheet(request, "identity/question.html", context, status=422 if request.method == "POST" else 200)


def _mark_texts() -> dict[str, tuple[str, str, list[str], str, str]]:
    """By status: title, lead, points, icon, action."""
    undo = _("Undo reverses it, at any time")
    return {
        "generic": (
            _("Do several people use the %(identifier)s?"),
            _("A family’s address, an office phone: it stops tying customers together."),
            [_("Customers that only this tied together come apart"), _("Each of them says “also used by”"), undo],
            "users",
            _("Marked as shared"),
        ),
        "blocked": (
            _("Is the %(identifier)s nobody’s?"),
            _("A placeholder or one of your own: it is not shown as anybody’s and ties nobody together."),
            [_("Customers that only this tied together come apart"), undo],
            "ban",
            _("Marked as nobody’s"),
        ),
        "normal": (
            _("Does the %(identifier)s belong to one person?"),
            _("It ties customers together again wherever it is proved."),
            [_("Customers who have it become one, unless a limit or a decision forbids it"), undo],
            "user",
            _("Marked as one person’s"),
        ),
    }


def _found(model: type[M], pk: int) -> M:
    row = model._default_manager.filter(pk=pk).first() if pk <= BIGGEST_ID else None
    if row is None:
        raise Http404("no such row")
    return row


def _address(identity: ChannelIdentity) -> str:
    channel = identity.account.channel
    return f"{channel_of(channel)[1]} {shown_address(channel, identity.address)}"
