"""“This message is somebody else's”: the sheet behind an entry's menu, and the list of what colleagues reported."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from profiles.ids import BIGGEST_ID
from profiles.models import ChannelIdentity
from profiles.operations import VerbRefusedError
from timeline.entries import EntryKind
from timeline.models import Entry, MessageReport
from timeline.pages.agents import actor_of, agent_page, may_judge
from timeline.pages.panel import name_of
from timeline.pages.sheets import sheet
from timeline.pages.toasts import say_done, say_simply
from timeline.reporting import APART, MISTAKEN, SINCE, dismiss, mark_mistaken, put_right, report
from timeline.showing.previews import preview_of
from timeline.showing.wording import channel_of, isolated, shown_address

DISMISS, THEIRS = "dismiss", "theirs"
LISTED = 50


class ReportForm(forms.Form):
    """What is wrong with the message, and how one knows."""

    what = forms.ChoiceField(choices=[(each, each) for each in (SINCE, APART, MISTAKEN, DISMISS, THEIRS)])
    reason = forms.CharField(
        label=_lazy("How do you know?"), max_length=500, required=False, widget=forms.Textarea({"rows": 2})
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer, and what would happen."""

    code: str
    words: str
    then: str


@require_http_methods(["GET", "POST"])
@agent_page
def report_entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """What may be wrong, with what would follow; who may judge does it, everybody else says it to them."""
    rows = Entry.objects.select_related("channel_identity__profile", "account").filter(pk=entry_id)
    entry = rows.filter(kind=EntryKind.MESSAGE).first() if entry_id <= BIGGEST_ID else None
    if entry is None or entry.is_withheld:
        raise Http404("no such message")
    form = ReportForm(request.POST or None)
    refusal = ""
    if request.method == "POST":
        if form.is_valid():
            try:
                return _done(request, entry, form.cleaned_data["what"], form.cleaned_data["reason"].strip())
            except VerbRefusedError as error:
                refusal = str(error)
        else:
            refusal = _("Choose what is wrong.")
    waiting = MessageReport.objects.filter(entry=entry, settled_at=None).select_related("actor").first()
    context = {
        "entry": entry,
        "preview": _preview(entry),
        "address": _address(entry),
        "choices": _choices(entry, judges=may_judge(request), waiting=waiting),
        "chosen": waiting.suspicion if waiting else "",
        "waiting": waiting,
        "judges": may_judge(request),
        "form": form,
        "refusal": refusal,
        "back": reverse("customer", args=[entry.channel_identity.profile_id]),
    }
    return sheet(request, "identity/report.html", context, status=422 if request.method == "POST" else 200)


def _choices(entry: Entry, *, judges: bool, waiting: MessageReport | None) -> list[Choice]:
    identity = entry.channel_identity
    address = isolated(_address(entry))
    later = Entry.objects.filter(channel_identity=identity, occurred_at__gte=entry.occurred_at)
    n = later.exclude(kind__in=[EntryKind.IDENTITY, EntryKind.WORK]).count()
    moved = ngettext(
        "%(n)d entry becomes another customer’s; what came before stays here.",
        "%(n)d entries become another customer’s; what came before stays here.",
        n,
    ) % {"n": n}
    found = [Choice(SINCE, _("Since this message somebody else writes from %(address)s") % {"address": address}, moved)]
    others = ChannelIdentity.objects.filter(profile_id=identity.profile_id, void_in=None).exclude(pk=identity.pk)
    if others.exists():
        apart = _("Everything from there becomes a customer of its own, and stays apart for good.")
        words = _("%(address)s never was this customer’s") % {"address": address}
        found.append(Choice(APART, words, apart))
    if entry.detail.get(MISTAKEN):
        found.append(Choice(THEIRS, _("It is theirs after all"), _("The mark goes away.")))
    else:
        stays = _("It stays here, marked; nobody’s addresses change.")
        found.append(Choice(MISTAKEN, _("Only this message: forwarded, or sent by mistake"), stays))
    if judges and waiting:
        found.append(Choice(DISMISS, _("Nothing is wrong"), _("The report is settled.")))
    return found


def _done(request: HttpRequest, entry: Entry, what: str, reason: str) -> HttpResponse:
    """Raises VerbRefusedError."""
    actor = actor_of(request)
    nothing = _("Nothing to do: it is so already")
    if what in (SINCE, APART) and may_judge(request):
        done = put_right(entry, what, actor=actor, reason=reason)
        say_done(request, _("Put right: the message is another customer’s"), done, nothing=nothing)
    elif what in (SINCE, APART):
        is_new = report(entry, what, actor=actor, reason=reason)
        say_simply(request, _("Reported: a lead looks at it") if is_new else _("A colleague reported it already"))
    elif what == DISMISS and may_judge(request):
        say_simply(request, _("Settled") if dismiss(entry, actor=actor, reason=reason) else nothing)
    else:
        is_mistaken = what == MISTAKEN
        is_news = mark_mistaken(entry, actor=actor, is_mistaken=is_mistaken, reason=reason)
        said = _("Marked: not the customer’s own message") if is_mistaken else _("The mark is gone")
        say_simply(request, said if is_news else nothing)
    entry.refresh_from_db()
    return redirect(f"{reverse('customer', args=[_profile_of(entry)])}?entry={entry.pk}")


def _profile_of(entry: Entry) -> int:
    return ChannelIdentity.objects.values_list("profile_id", flat=True).get(id=entry.channel_identity_id)


def _preview(entry: Entry) -> str:
    seen = preview_of(entry)
    return seen.text or str(seen.word)


def _address(entry: Entry) -> str:
    channel = entry.account.channel
    return f"{channel_of(channel)[1]} {shown_address(channel, entry.channel_identity.address)}"


def open_reports() -> list[dict[str, Any]]:
    """What colleagues reported and nobody has looked at, the oldest first."""
    rows = MessageReport.objects.filter(settled_at=None).select_related(
        "actor", "entry__channel_identity__profile", "entry__account"
    )
    return [
        {
            "report": row,
            "name": name_of(row.entry.channel_identity.profile.display_name),
            "address": _address(row.entry),
            "preview": _preview(row.entry),
        }
        for row in rows.order_by("id")[:LISTED]
    ]
