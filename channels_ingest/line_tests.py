"""Test events: a delivery signed as the line's provider signs, posted to the line's own webhook address by the hub.

It is taken, checked and stored like every other and stands among the last deliveries, and it is read; but what it says
never reaches the timeline. That it is one says a header which only this hub can make, so no customer's words do.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from django.conf import settings
from django.utils import timezone

from channels_ingest.accounts import settings_of
from channels_ingest.adapters.base import CannotVerifyError, Delivery
from channels_ingest.keys import key_for
from channels_ingest.registry import ADAPTERS
from channels_ingest.signatures import any_matches, sha256_hex
from channels_ingest.simulator.lines import new_client, webhook_url
from channels_ingest.simulator.plays.base import Person, Post
from channels_ingest.simulator.plays.registry import PLAYS
from profiles.models import Channel, ChannelAccount

log = logging.getLogger("cxhub.lines")

HEADER = "x-cxhub-test"
SECONDS = 5.0
#: Who writes the test: a number for fiction and a domain that is nobody's.
_PHONE, _MAILBOX = "12025550100", "test-event@customer.invalid"


@dataclass(frozen=True, slots=True)
class Tested:
    """How it went: the HTTP status, and whether the public address had to be left out as it did not answer."""

    status: int
    is_direct: bool


def can_test(account: ChannelAccount) -> bool:
    """Whether the hub can sign a delivery that the line takes: not where only the provider has the key."""
    return account.is_enabled and _signed(account) is not None


def send_test(account: ChannelAccount) -> Tested | None:
    """A test event is posted to the line's webhook address; None if the hub cannot sign one, or nobody answers.

    A public address that does not answer from here may still do so to the provider, so the web process is asked then.
    """
    post = _signed(account)
    if post is None:
        return None
    headers = {**post.headers, HEADER: mark_of(post.body)}
    inside = settings.LOOPBACK_URL + post.url.removeprefix(settings.PUBLIC_BASE_URL)
    for url in dict.fromkeys((post.url, inside)):
        try:
            with new_client() as client:
                answer = client.post(url, content=post.body, headers=headers, timeout=SECONDS)
        except httpx.TransportError as error:
            log.warning("test event not posted", extra={"account": account.pk, "fault": type(error).__name__})
            continue
        return Tested(status=answer.status_code, is_direct=url != post.url)
    return None


def mark_of(body: bytes) -> str:
    """What shows that the hub itself posted this body."""
    return sha256_hex(key_for("channels_ingest.test_events").hex(), body)


def is_test(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the request, with headers as WSGI names them, is a test event of the hub."""
    presented = headers.get("HTTP_X_CXHUB_TEST")
    return bool(presented) and any_matches(str(presented), [mark_of(body)])


def _signed(account: ChannelAccount) -> Post | None:
    """The delivery of a message, if the line would take it."""
    play = PLAYS.get(account.provider)
    if play is None:
        return None
    known = settings_of(account)
    person = Person(address=_address(account), name="Test event")
    text = f"Test event {secrets.token_hex(4)}"
    now = timezone.now()
    try:
        post = play.incoming(person, text, now, known, webhook_url=webhook_url(account))
        headers = {name.lower(): value for name, value in post.headers.items()}
        delivery = Delivery(body=post.body, headers=headers, url=post.url, received_at=now)
        return post if ADAPTERS[account.provider].verify(delivery, known) else None
    except (CannotVerifyError, LookupError, ValueError):  # no secret that can be read
        return None


def _address(account: ChannelAccount) -> str:
    if account.channel == Channel.EMAIL:
        return _MAILBOX
    return _PHONE if getattr(ADAPTERS[account.provider], "has_bare_numbers", False) else f"+{_PHONE}"
