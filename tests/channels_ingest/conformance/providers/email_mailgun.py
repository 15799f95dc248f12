"""Mailgun: the signature stands in the body, beside what it does not cover."""

import hashlib
import hmac
import json
import re
from datetime import datetime, timedelta
from urllib.parse import urlencode

from channels_ingest.adapters.email_mailgun import ADAPTER
from channels_ingest.simulator.plays.email_mailgun import PLAY
from tests.channels_ingest.conformance.description import Description, Signed
from tests.channels_ingest.conformance.mails import HEAD, PERSON

_SIGNED_FIELDS = re.compile(rb"(^|&)(?:timestamp|token|signature)=[^&]*")


def sign(body: bytes, *, secret: str, url: str, at: datetime) -> Signed:
    """Timestamp and token are Mailgun's; here the token is made of the body, as if each body were one delivery."""
    stamp, token = str(int(at.timestamp())), hashlib.sha256(body).hexdigest()[:50]
    signature = hmac.new(secret.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    fields = {"timestamp": stamp, "token": token, "signature": signature}
    if body[:1] != b"{":
        return Signed(body=_SIGNED_FIELDS.sub(b"", body) + b"&" + urlencode(fields).encode())
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return Signed(body=body)
    return Signed(body=json.dumps({**said, "signature": fields}).encode())


def message(text: str, key: str) -> bytes:
    headers = [["From", "Mira Lind <mira@customer.example>"], ["Message-Id", f"<{key}@customer.example>"]]
    fields = {"recipient": "support@hub.example.com", "message-headers": json.dumps(headers), "body-plain": text}
    return urlencode(fields, encoding="utf-8", errors="surrogatepass").encode()


DESCRIPTION = Description(
    adapter=ADAPTER,
    values={"signing_key": "conformance-key", "from": "support@hub.example.com"},
    signing="signing_key",
    another="another-key",
    sign=sign,
    message=message,
    payloads=["mailgun-*"],
    content_type="application/x-www-form-urlencoded",
    window=timedelta(hours=12),
    uncovered="The token is the key of the delivery and is taken once, so a captured one brings no second body in.",
    play=PLAY,
    person=PERSON,
    mail_head=HEAD,
)
