"""Unsubscribing from marketing mail in one click (RFC 8058): the address that stands in the mail, and what it does.

The address names a channel identity by a signed number and says nothing about the customer. Mail programs post to it,
without a session; a person who opens it gets a page with a button, because scanners open every link. What is posted
goes through the inbox, so it is durable and is worked once.
"""

import time
from collections.abc import Mapping

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from channels_ingest import envelopes
from channels_ingest.messages import ConsentChange, Located
from channels_ingest.models import Envelope
from profiles.consent import MARKETING
from profiles.identity.values import Sender, Standing
from profiles.models import ChannelIdentity, ConsentEvent

_SALT = "channels_ingest.unsubscribe"
#: Clicks within this time are one: mail programs and people repeat them.
SAME_CLICK_SECONDS = 60


def token_of(channel_identity_id: int) -> str:
    """What the address ends in. It does not run out: a mail of last year must still be unsubscribed from."""
    return Signer(salt=_SALT).sign(str(channel_identity_id))


def headers_for(channel_identity_id: int) -> Mapping[str, str]:
    """What a marketing mail to the address says in its head (RFC 2369, RFC 8058)."""
    url = f"{settings.PUBLIC_BASE_URL}{reverse('unsubscribe', args=[token_of(channel_identity_id)])}"
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def identity_of(token: str) -> ChannelIdentity | None:
    """The channel identity that a token of ours names."""
    try:
        pk = int(Signer(salt=_SALT).unsign(token))
    except (BadSignature, ValueError):
        return None
    return ChannelIdentity.objects.filter(pk=pk).select_related("account").first()


def store_click(identity: ChannelIdentity) -> None:
    """The opt-out is a committed envelope of the address's line.

    A click after the customer agreed anew is another one, in the same minute too.
    """
    moment = int(time.time()) // SAME_CLICK_SECONDS
    agreed = ConsentEvent.objects.filter(channel_identity=identity, purpose=MARKETING, is_granted=True)
    newest = agreed.order_by("-id").values_list("id", flat=True).first() or 0
    key = f"unsubscribe:{identity.pk}:{moment}:{newest}"
    envelopes.store(identity.account_id, key, str(identity.pk).encode(), {envelopes.ORIGIN: envelopes.UNSUBSCRIBED})


def items_of(envelope: Envelope) -> list[Located]:
    """The consent change that an envelope of ours holds; nothing if its customer is gone."""
    number = bytes(envelope.body or b"").decode("ascii", "replace")
    identity = ChannelIdentity.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    if identity is None:
        return []
    change = ConsentChange(
        sender=Sender(address=identity.address, standing=Standing(identity.standing)),
        key=envelope.delivery_key,
        purpose=MARKETING,
        granted=False,
        occurred_at=envelope.received_at,
        source="list_unsubscribe",
    )
    return [Located(item=change, path="unsubscribe")]
