"""Settings > Channels: every line with its webhook address and how it is, and the deliveries of one."""

import logging
from typing import Any

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
from channels_ingest.line_health import embed_of, health_of, settings_of_line, webhook_url_of
from channels_ingest.line_tests import can_test, send_test
from channels_ingest.models import AccountNotice, Envelope
from channels_ingest.raw_page import raw_context
from channels_ingest.sending.lines import sending_line
from channels_ingest.sources import INBOX_KEY
from profiles.ids import BIGGEST_ID
from profiles.models import ChannelAccount
from timeline.pages.agents import actor_of, admin_page, is_admin, judge_page
from timeline.showing.wording import channel_of

log = logging.getLogger("cxhub.lines")

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
    """One line: its address, what it lacks, its news, its settings, and the last deliveries."""
    return line_page(request, account_of(account_id))


def line_page(
    request: HttpRequest,
    account: ChannelAccount,
    *,
    fault: tuple[str, str] = ("", ""),
    revealed: tuple[str, str] = ("", ""),
    status: int = 200,
) -> HttpResponse:
    """The line's page. `fault` is what is wrong with the new value of a setting, `revealed` a value asked for."""
    [health] = health_of([account])
    newest = Envelope.objects.filter(account=account).order_by("-id").defer("body")[:DELIVERIES]
    may_change = is_admin(request)
    context: dict[str, Any] = {
        "here": "settings",
        "part": "lines",
        "health": health,
        "channel": channel_of(account.channel),
        "url": webhook_url_of(account),
        "embed": embed_of(account),
        "is_inbox": account.key == INBOX_KEY,
        "sends": sending_line(account),
        "notices": AccountNotice.objects.filter(account=account).order_by("-occurred_at")[:NOTICES],
        "deliveries": [
            (envelope, *STATES[envelope.state], envelope.headers.get(envelopes.ORIGIN) == envelopes.TEST)
            for envelope in newest
        ],
        "settings": settings_of_line(account),
        "may_change": may_change,
        "can_test": may_change and can_test(account),
        "fault_at": fault[0],
        "fault": fault[1],
        "revealed_at": revealed[0],
        "revealed": revealed[1],
    }
    return render(request, "settings/line.html", context, status=status)


@require_GET
@judge_page
def delivery(request: HttpRequest, account_id: int, envelope_id: int) -> HttpResponse:
    """What one delivery held, without what proves an identity; that somebody looked is logged."""
    envelope = _delivery_of(account_of(account_id), envelope_id)
    log.info("raw read", extra={"envelope": envelope.pk, "member": actor_of(request).pk})
    context = {"here": "settings", "part": "lines", "state": STATES[envelope.state], **raw_context(envelope)}
    return render(request, "settings/delivery.html", context)


@require_POST
@admin_page
def replay_delivery(request: HttpRequest, account_id: int, envelope_id: int) -> HttpResponse:
    """The delivery is worked again; what it made already stays once."""
    envelope = _delivery_of(account_of(account_id), envelope_id)
    if envelopes.replay([envelope.pk]):
        intake.nudge()
        messages.info(request, _("It is worked again. What it made already stays once."))
    else:
        messages.error(request, _("Its content was pruned: nothing is left to work."))
    return redirect("line", account_id=account_id)


@require_POST
@admin_page
def test_line(request: HttpRequest, account_id: int) -> HttpResponse:
    """A test event is posted to the line's webhook, and the page says how it went."""
    account = account_of(account_id)
    tested = send_test(account)
    log.info("line tested", extra={"account": account.pk, "status": tested.status if tested else 0})
    if tested is None:
        messages.error(request, _("No test event was sent: the hub did not answer at its own address."))
    elif tested.status != 200:
        messages.error(request, _("The line refused its test event: HTTP %(status)d.") % {"status": tested.status})
    elif tested.is_direct:
        said = _("The test event was taken, but not by the public address: from this machine that does not answer.")
        messages.error(request, said)
    else:
        messages.info(request, _("The test event was taken. It stands among the deliveries and makes no customer."))
    return redirect("line", account_id=account_id)


def account_of(account_id: int) -> ChannelAccount:
    """The line. Raises Http404."""
    account = ChannelAccount.objects.filter(pk=account_id).first() if account_id <= BIGGEST_ID else None
    if account is None:
        raise Http404("no such line")
    return account


def _delivery_of(account: ChannelAccount, envelope_id: int) -> Envelope:
    mine = Envelope.objects.select_related("account").filter(account=account, pk=envelope_id)
    envelope = mine.first() if envelope_id <= BIGGEST_ID else None
    if envelope is None:
        raise Http404("no such delivery of this line")
    return envelope
