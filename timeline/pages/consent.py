"""Consent as agents see and write it, and senders and messages that they keep out of the queue."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from profiles.consent import HOLD, words_of
from profiles.ids import BIGGEST_ID
from profiles.models import ChannelIdentity, ConsentEvent, StaffMember
from profiles.reading import BlockView, ConsentView
from profiles.reading_rights import hidden_now
from timeline.consents import write_down
from timeline.identity.verb_pages import Question, ReasonForm
from timeline.keeping_out import block, mark_spam, unblock
from timeline.models import Entry
from timeline.pages.agents import actor_of, agent_page
from timeline.pages.panel import AddressRow, Panel
from timeline.pages.sheets import sheet
from timeline.pages.toasts import say_refused, say_simply
from timeline.showing.wording import SOURCES, channel_of, consent_line, shown_address
from timeline.showing.wording import words_of as word_for

#: Channels on which somebody may want to be written to, or not.
ASKED = ("sms", "whatsapp", "email")
BLOCK_WORDS = {
    "all": _lazy("The provider blocks our messages until the customer writes START"),
    "marketing": _lazy("The provider blocks our marketing until the customer allows it"),
}


class ConsentForm(forms.Form):
    """What the customer said, and where. Somebody may have to show it one day, so the reason is needed."""

    said = forms.ChoiceField(label=_lazy("What did they say?"))
    reason = forms.CharField(
        label=_lazy("Where and when did they say so?"), max_length=500, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args: Any, is_held: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            ("marketing", _("They agree to marketing here")),
            ("no_marketing", _("They want no marketing here")),
            ("nothing", _("They want no messages at all here")),
            ("again", _("They want to get messages again")),
        ]
        self.fields["said"].choices = (  # type: ignore[attr-defined]
            [("no_opt_out", _("It was no opt-out")), *choices] if is_held else choices
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow:
    """One word or block that binds an address. `event_id` leads to its evidence; `is_held`: somebody should look."""

    identity_id: int
    line: str
    is_granted: bool
    is_held: bool
    is_block: bool
    address: str
    since: datetime
    source: str
    reason: str
    event_id: int | None
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPart:
    """What binds each address, and the addresses at which something can be written down."""

    rows: list[ConsentRow]
    addresses: list[tuple[int, str]]

    @property
    def held(self) -> list[ConsentRow]:
        return [row for row in self.rows if row.is_held]


def consent_part(panel: Panel) -> ConsentPart:
    """The customer's consent for the side panel, without a query of its own."""
    rows = {(row.line, row.address): row for row in panel.addresses if row.channel in ASKED}
    found = [
        _row(each, rows[each.account, each.address]) for each in panel.consents if (each.account, each.address) in rows
    ]
    found += [_block(each, row) for row in rows.values() for each in row.blocks]
    found.sort(key=lambda row: (not row.is_held, row.is_granted, -row.since.timestamp()))
    addresses = [(row.id, f"{row.channel_word} {row.shown}") for row in rows.values()]
    return ConsentPart(rows=found, addresses=addresses)


def _row(word: ConsentView, at: AddressRow) -> ConsentRow:
    return ConsentRow(
        identity_id=at.id,
        line=consent_line(word.purpose, is_granted=word.is_granted, channel=at.channel_word),
        is_granted=word.is_granted,
        is_held=word.purpose == HOLD,
        is_block=False,
        address=at.shown,
        since=word.occurred_at,
        source=word_for(SOURCES, word.source),
        reason=word.reason,
        event_id=word.id if word.evidence else None,
        purpose=word.purpose,
    )


def _block(block: BlockView, at: AddressRow) -> ConsentRow:
    return ConsentRow(
        identity_id=at.id,
        line=str(BLOCK_WORDS.get(block.purpose, block.purpose)),
        is_granted=False,
        is_held=False,
        is_block=True,
        address=at.shown,
        since=block.since,
        source=block.code if block.code.isdecimal() else word_for(SOURCES, block.code),
        reason="",
        event_id=None,
        purpose=block.purpose,
    )


@require_GET
@agent_page
def consent_evidence(request: HttpRequest, event_id: int) -> HttpResponse:
    """The message that says what the ledger has, on its customer's timeline."""
    rows = ConsentEvent.objects.filter(pk=event_id).exclude(evidence="").select_related("channel_identity")
    event = rows.first() if event_id <= BIGGEST_ID else None
    entry = (
        event
        and Entry.objects.filter(account_id=event.channel_identity.account_id, provider_message_id=event.evidence)
        .select_related("channel_identity")
        .first()
    )
    if not entry:
        raise Http404("no such message")
    page = reverse("inbox-customer", args=["all", entry.channel_identity.profile_id])
    return redirect(f"{page}?entry={entry.pk}#e-{entry.pk}")


@require_http_methods(["GET", "POST"])
@agent_page
def write_consent(request: HttpRequest, channel_identity_id: int) -> HttpResponse:
    """A colleague writes down what the customer said about being written to."""
    identity = _identity(channel_identity_id)
    held = words_of([identity])[identity.pk].get(HOLD)
    question = Question(
        title=_("What did the customer say?"),
        lead=_("About messages to %(address)s.") % {"address": _address(identity)},
        points=[
            _("The newest word counts, from this moment on"),
            _("It stands on the timeline with your name and the reason"),
            _("What the provider itself blocks, only the customer can lift"),
        ],
        icon="bell",
        action=_("Write it down"),
        said=_("Written down"),
        profile_id=identity.profile_id,
    )

    def act(actor: StaffMember, form: dict[str, Any]) -> bool:
        return write_down(identity, form["said"], actor=actor, reason=form["reason"])

    form = ConsentForm(_sent(request), is_held=held is not None and not held.is_granted)
    return _ask(request, question, form, act)


@require_http_methods(["GET", "POST"])
@agent_page
def block_sender(request: HttpRequest, channel_identity_id: int) -> HttpResponse:
    """An address is blocked, or the whole customer."""
    identity = _identity(channel_identity_id)
    question = Question(
        title=_("Block %(address)s?") % {"address": _address(identity)},
        lead=_("What comes from there stays on the timeline, but waits for nobody and calls nobody."),
        points=[_("The customer is not told"), _("You can still write to them"), _("Unblock reverses it, at any time")],
        icon="ban",
        action=_("Block"),
        said=_("Blocked"),
        profile_id=identity.profile_id,
    )

    def act(actor: StaffMember, form: dict[str, Any]) -> bool:
        ids = [identity.pk]
        if form["everywhere"]:
            everywhere = ChannelIdentity.objects.filter(profile_id=identity.profile_id)
            ids = list(everywhere.exclude(account_id__in=hidden_now()).values_list("id", flat=True))
        return bool(block(ids, actor=actor, reason=form["reason"]))

    return _ask(request, question, BlockForm(_sent(request)), act)


class BlockForm(ReasonForm):
    """Why, and whether on all their addresses."""

    everywhere = forms.BooleanField(label=_lazy("All addresses of this customer"), required=False)


@require_http_methods(["GET", "POST"])
@agent_page
def unblock_sender(request: HttpRequest, channel_identity_id: int) -> HttpResponse:
    """A blocked address is in the queue again."""
    identity = _identity(channel_identity_id)
    question = Question(
        title=_("Unblock %(address)s?") % {"address": _address(identity)},
        lead=_("What came from there meanwhile waits for an answer again."),
        points=[],
        icon="undo-2",
        action=_("Unblock"),
        said=_("Unblocked"),
        profile_id=identity.profile_id,
    )
    return _ask(
        request,
        question,
        ReasonForm(_sent(request)),
        lambda actor, form: bool(unblock([identity.pk], actor=actor, reason=form["reason"])),
    )


@require_http_methods(["GET", "POST"])
@agent_page
def judge_spam(request: HttpRequest, entry_id: int, verdict: str) -> HttpResponse:
    """A message is spam, or is none after all."""
    rows = Entry.objects.filter(pk=entry_id, kind="message", direction="in").select_related("channel_identity")
    entry = rows.first() if entry_id <= BIGGEST_ID else None
    if entry is None or entry.is_withheld or verdict not in ("spam", "not-spam"):
        raise Http404("no such message")
    is_spam = verdict == "spam"
    question = Question(
        title=_("Is this message spam?") if is_spam else _("Is this message no spam?"),
        lead=_("It stays on the timeline, folded, and waits for nobody.")
        if is_spam
        else _("It waits for an answer like any other message."),
        points=[],
        icon="ban" if is_spam else "undo-2",
        action=_("Spam") if is_spam else _("Not spam"),
        said=_("Marked as spam") if is_spam else _("No longer marked as spam"),
        profile_id=entry.channel_identity.profile_id,
    )
    return _ask(
        request,
        question,
        ReasonForm(_sent(request)),
        lambda actor, form: mark_spam(entry, actor=actor, is_spam=is_spam, reason=form["reason"]),
    )


def _ask(
    request: HttpRequest, question: Question, form: forms.Form, act: Callable[[StaffMember, dict[str, Any]], bool]
) -> HttpResponse:
    """The question; answered, it is done and the customer's page says so."""
    back = reverse("customer", args=[question.profile_id])
    if request.method == "POST" and form.is_valid():
        if act(actor_of(request), form.cleaned_data):
            say_simply(request, question.said)
        else:
            say_refused(request, _("Nothing to do: it is so already"))
        return redirect(back)
    context = {"question": question, "form": form, "refusal": "", "back": back, "action": request.path}
    return sheet(request, "identity/question.html", context, status=422 if request.method == "POST" else 200)


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _identity(pk: int) -> ChannelIdentity:
    rows = ChannelIdentity.objects.filter(pk=pk, void_in=None).select_related("account")
    identity = rows.first() if pk <= BIGGEST_ID else None
    if identity is None:
        raise Http404("no such address")
    return identity


def _address(identity: ChannelIdentity) -> str:
    channel = identity.account.channel
    return f"{channel_of(channel)[1]} {shown_address(channel, identity.address)}"
