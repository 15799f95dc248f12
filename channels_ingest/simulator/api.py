"""The provider's API as the simulator plays it, over HTTP: for accounts without sending credentials, and only for the
hub's own sender.
"""

import hmac
import time
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from channels_ingest.adapters.sending import Answer
from channels_ingest.adapters.sending import HttpRequest as ProviderRequest
from channels_ingest.sending.lines import SIMULATOR_HEADER, sending_line, simulator_secret
from channels_ingest.simulator import faults
from channels_ingest.simulator.faults import Fault, fault_of, steps_of
from channels_ingest.simulator.incoming import kept
from channels_ingest.simulator.models import SimulatedMessage
from channels_ingest.simulator.plays.base import KeepsMedia, Play, PlaysListing, PlaysTemplates, RefusesByCode, Taken
from channels_ingest.simulator.plays.registry import PLAYS
from channels_ingest.simulator.reporting import report_now
from profiles.models import ChannelAccount

#: Longer than the sender waits.
NO_ANSWER_SECONDS = 25.0


@csrf_exempt
@login_not_required
def provider_api(request: HttpRequest, provider: str, key: str, rest: str) -> HttpResponse:
    """What the provider's API would answer; 403 to all but the hub's own sender, 404 for an account not simulated."""
    given = request.headers.get(SIMULATOR_HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), simulator_secret(key).encode()):
        return HttpResponse(status=403)
    play = PLAYS.get(provider)
    account = ChannelAccount.objects.filter(provider=provider, key=key, is_enabled=True).first()
    line = sending_line(account) if account else None
    if play is None or account is None or line is None or not line.is_simulated:
        raise Http404("this account is not simulated")
    if request.method == "HEAD":  # `cxhub.front` asks so before it reads a long body
        return HttpResponse(status=405)
    asked = ProviderRequest(
        method=request.method or "",
        url=f"{settings.LOOPBACK_URL}{request.get_full_path()}",
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
    )
    answer = _answer(play, account, asked)
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


def _answer(play: Play, account: ChannelAccount, asked: ProviderRequest) -> Answer:
    if isinstance(play, PlaysTemplates) and (listed := play.templates(asked)) is not None:
        return listed
    if isinstance(play, PlaysListing) and (listed := play.listing(asked, kept(account))) is not None:
        return listed
    if asked.method == "GET" and isinstance(play, KeepsMedia):
        return play.media(asked)
    taken = play.take(asked)
    if isinstance(taken, Answer):
        return taken
    fault = fault_of(account.setting("simulated_fault"), taken.text)
    if fault.word == "slow":
        time.sleep(faults.SLOW_SECONDS)
    elif fault.word == "lost-before":
        return _no_answer()
    elif fault.word == "fail":
        return _refusal(play, fault.code)
    elif fault.word == "busy" and not _was_asked_before(account, taken):
        return _refusal(play, fault.code, status=429)
    message = _keep(account, taken, fault)
    if fault.word == "early":
        report_now(message)
    return _no_answer() if fault.word == "lost-after" else play.answer(taken)


def _no_answer() -> Answer:
    """The sender has given up by the time this is said."""
    time.sleep(NO_ANSWER_SECONDS)
    return Answer(status=504, body=b"")


def _refusal(play: Play, code: str, *, status: int = 400) -> Answer:
    """The provider's own words for the code if its play has them, else just an HTTP status."""
    if code and isinstance(play, RefusesByCode):
        return play.refuse(code)
    status = int(code) if code.isdecimal() and 400 <= int(code) < 600 else status
    return Answer(status=status, body=b'{"error":"simulated"}', headers={"content-type": "application/json"})


def _was_asked_before(account: ChannelAccount, taken: Taken) -> bool:
    """Whether this is at least the second time; what was not taken is kept under a name of its own."""
    _, is_new = SimulatedMessage.objects.get_or_create(
        account=account,
        message_id=f"refused:{taken.reference or taken.text}"[:255],
        defaults={"to": "", "extra": {"refused": "busy"}},
    )
    return not is_new


def _keep(account: ChannelAccount, taken: Taken, fault: Fault) -> SimulatedMessage:
    """The message as taken, and what will be reported of it."""
    extra: Mapping[str, str] = taken.extra
    if fault.word == "bounce" and fault.code:
        extra = {**extra, "failure": fault.code}
    steps = steps_of(fault)
    now = timezone.now()
    with transaction.atomic():
        return SimulatedMessage.objects.create(
            account=account,
            message_id=taken.message_id,
            to=taken.to[:320],
            text=taken.text,
            reference=taken.reference[:255],
            status_url=taken.status_url[:1000],
            subject=taken.subject,
            html=taken.html,
            extra=dict(extra),
            taken_at=now,
            steps=steps,
            next_step_at=now + timedelta(seconds=float(steps[0][1])) if steps else None,
        )
