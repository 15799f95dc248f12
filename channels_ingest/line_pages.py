"""Settings > Channels: every line with its webhook address and how it is, and the deliveries of one."""

from django.contrib import messages
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_POST

from channels_ingest import envelopes
from channels_ingest.intake import intake
from channels_ingest.line_health import health_of, webhook_url_of
from channels_ingest.models import AccountNotice, Envelope
from channels_ingest.sending.lines import sending_line
from channels_ingest.sources import INBOX_KEY
from profiles.ids import BIGGEST_ID
from profiles.models import ChannelAccount
from timeline.pages.agents import admin_page, is_admin, judge_page
from timeline.showing.wording import channel_of

DELIVERIES, NOTICES = 50, 10

STATES: dict[str, tuple[str, str | Promise]] = {
    Envelope.State.RECEIVED: ("clock", _lazy("Waits to be worked")),
    Envelope.State.PROCESSED: ("check", _lazy("Understood")),
    Envelope.State.NOT_UNDERSTOOD: ("circle-alert", _lazy("Not understood, kept")),
    Envelope.State.DEAD: ("ban", _lazy("Given up after five tries, kept")),
}


@require_GET
@judge_page
def lines(request: HttpRequest) -> HttpResponse:
    """Every line with what tells whether it works."""
    accounts = ChannelAccount.objects.order_by(Lower("name"), "id")
    rows = [
        {"health": health, "channel": channel_of(health.account.channel), "url": webhook_url_of(health.account)}
        for health in health_of(accounts)
    ]
    return render(request, "settings/lines.html", {"here": "settings", "part": "lines", "rows": rows})


@require_GET
@judge_page
def line(request: HttpRequest, account_id: int) -> HttpResponse:
    """One line: its address, what it lacks, its news, and the last deliveries."""
    account = _account(account_id)
    [health] = health_of([account])
    newest = Envelope.objects.filter(account=account).order_by("-id").defer("body", "headers")[:DELIVERIES]
    sends = sending_line(account)
    context = {
        "here": "settings",
        "part": "lines",
        "health": health,
        "channel": channel_of(account.channel),
        "url": webhook_url_of(account),
        "is_inbox": account.key == INBOX_KEY,
        "sends": sends,
        "notices": AccountNotice.objects.filter(account=account).order_by("-occurred_at")[:NOTICES],
        "deliveries": [(envelope, *STATES[envelope.state]) for envelope in newest],
        "may_replay": is_admin(request),
    }
    return render(request, "settings/line.html", context)


@require_POST
@admin_page
def replay_delivery(request: HttpRequest, account_id: int, envelope_id: int) -> HttpResponse:
    """The delivery is worked again; what it made already stays once."""
    account = _account(account_id)
    mine = Envelope.objects.filter(account=account, pk=envelope_id) if envelope_id <= BIGGEST_ID else None
    if mine is None or not mine.exists():
        raise Http404("no such delivery of this line")
    if envelopes.replay([envelope_id]):
        intake.nudge()
        messages.info(request, _("It is worked again. What it made already stays once."))
    else:
        messages.error(request, _("Its content was pruned: nothing is left to work."))
    return redirect("line", account_id=account_id)


def _account(account_id: int) -> ChannelAccount:
    account = ChannelAccount.objects.filter(pk=account_id).first() if account_id <= BIGGEST_ID else None
    if account is None:
        raise Http404("no such line")
    return account
