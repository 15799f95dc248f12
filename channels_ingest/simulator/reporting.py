"""The simulator reports what became of a message, as its provider would: a signed webhook for each step."""

import logging
from datetime import timedelta

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from channels_ingest.accounts import settings_of
from channels_ingest.simulator.lines import new_client, webhook_url
from channels_ingest.simulator.models import SimulatedMessage
from channels_ingest.simulator.plays.base import Post, Taken
from channels_ingest.simulator.plays.registry import PLAYS
from timeline.entries import Delivery

log = logging.getLogger("cxhub.simulator")

#: A report that the hub did not take is posted again after this long, so often.
RETRY_SECONDS = 2.0
MOST_ATTEMPTS = 20


def report_one() -> bool:
    """One due report was posted; False when none was. Whoever dies meanwhile leaves it to be posted again."""
    with transaction.atomic():
        due = SimulatedMessage.objects.filter(next_step_at__lte=timezone.now()).order_by("next_step_at")
        message = due.select_for_update(skip_locked=True, of=("self",)).select_related("account").first()
        if message is None:
            return False
        is_taken = not message.steps or _report(message, str(message.steps[0][0]))
        _go_on(message, is_taken=is_taken)
    return True


def report_now(message: SimulatedMessage) -> None:
    """The first report is posted before the API has answered."""
    if _report(message, str(message.steps[0][0])):
        _go_on(message, is_taken=True)


def is_idle() -> bool:
    """Whether nothing is to be reported any more."""
    return not SimulatedMessage.objects.filter(next_step_at__isnull=False).exists()


def _go_on(message: SimulatedMessage, *, is_taken: bool) -> None:
    if is_taken:
        message.steps, message.attempts = message.steps[1:], 0
    else:
        message.attempts += 1
    if not message.steps or message.attempts >= MOST_ATTEMPTS:
        message.next_step_at = None
    elif is_taken:
        message.next_step_at = message.taken_at + timedelta(seconds=float(message.steps[0][1]))
    else:
        message.next_step_at = timezone.now() + timedelta(seconds=RETRY_SECONDS)
    message.save(update_fields=["steps", "attempts", "next_step_at"])


def _report(message: SimulatedMessage, delivery: str) -> bool:
    """Whether the hub has the report, or there is none to make."""
    play = PLAYS.get(message.account.provider)
    if play is None:
        return True
    post = play.status(
        taken_of(message),
        Delivery(delivery),
        timezone.now(),
        settings_of(message.account),
        webhook_url=message.status_url or webhook_url(message.account),
    )
    return post is None or deliver(post)


def deliver(post: Post) -> bool:
    """Whether the hub took the webhook. It is signed for the public address and goes to the web process directly."""
    url = settings.LOOPBACK_URL + post.url.removeprefix(settings.PUBLIC_BASE_URL)
    if not post.url.startswith(settings.PUBLIC_BASE_URL):
        log.warning("webhook for another host not posted")
        return True
    try:
        with new_client() as client:
            answer = client.post(url, content=post.body, headers=dict(post.headers), timeout=10.0)
    except httpx.TransportError:
        return False
    return answer.is_success


def taken_of(message: SimulatedMessage) -> Taken:
    """The stored message as its play knows it."""
    return Taken(
        message_id=message.message_id,
        to=message.to,
        text=message.text,
        reference=message.reference,
        status_url=message.status_url,
        subject=message.subject,
        html=message.html,
        extra={name: str(value) for name, value in message.extra.items()},
    )
