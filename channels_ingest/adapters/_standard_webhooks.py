"""The signature of Standard Webhooks (v1), by its reference library; the age and the headers are checked here.

The library takes its own clock, times such as "nan" and base64 with rubbish in it, and raises at odd headers.
Standard Webhooks, "Specification" (2b, read 2026-11): id, stamp of this attempt, space-separated signatures.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from channels_ingest.adapters.base import Delivery
from channels_ingest.signatures import any_matches

#: The spec's tolerance; every attempt is stamped anew.
WINDOW = timedelta(minutes=5)
MOST_SIGNATURES = 20  # of secrets that overlap while one is rotated
LONGEST_ID = 255
_STAMP = re.compile(r"[0-9]{9,11}")


def is_signed(delivery: Delivery, secrets: Iterator[str] | list[str] | tuple[str, ...]) -> bool:
    """Whether one of the secrets signed this body under this id, within the window."""
    message_id = delivery.headers.get("webhook-id", "")
    stamp = delivery.headers.get("webhook-timestamp", "")
    presented = delivery.headers.get("webhook-signature", "").split(" ")[:MOST_SIGNATURES]
    is_named = 0 < len(message_id) <= LONGEST_ID and message_id.isascii() and message_id.isprintable()
    if not is_named or not _STAMP.fullmatch(stamp) or delivery.received_at is None:
        return False
    at = datetime.fromtimestamp(int(stamp), UTC)
    if abs(delivery.received_at - at) > WINDOW:
        return False
    expected = [found for secret in secrets if (found := signature(secret, message_id, at, delivery.body))]
    return any(any_matches(each, expected) for each in presented if each.startswith("v1,"))


def signature(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    """`v1,` and the base64 of the signature; empty for a secret that is none.

    The library signs text alone. Bytes that are none are signed as they are, as its own spec says: whoever signed them
    is told that they are kept, and not that the secret is wrong.
    """
    try:
        signed = Webhook(secret).sign(message_id, at, body.decode("utf-8"))
    except UnicodeDecodeError:
        key = base64.b64decode(secret.removeprefix("whsec_") + "==")
        content = f"{message_id}.{int(at.timestamp())}.".encode() + body
        signed = f"v1,{base64.b64encode(hmac.digest(key, content, 'sha256')).decode()}"
    except (binascii.Error, EmptyWebhookSecretError, ValueError):
        return ""
    return signed


def delivery_digest(delivery: Delivery) -> str:
    """Of the id, which is the same for every attempt, with the body: an id used twice for two things loses neither."""
    digest = hashlib.sha256(delivery.headers.get("webhook-id", "").encode("utf-8", "replace"))
    digest.update(b"\x00" + delivery.body)
    return digest.hexdigest()


def check_secret(value: str) -> str:
    """What is wrong with a secret, in words, or nothing."""
    try:
        Webhook(value)
    except (binascii.Error, EmptyWebhookSecretError, ValueError):
        return "expected base64, as in whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw; make one of 24 to 64 random bytes"
    return ""
