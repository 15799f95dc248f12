"""A mail server's pipe."""

import base64
from datetime import datetime

from channels_ingest.adapters.email_mime import ADAPTER
from channels_ingest.simulator.plays.email_mime import PLAY
from tests.channels_ingest.conformance.description import Description, Signed
from tests.channels_ingest.conformance.mails import HEAD, PERSON


def sign(body: bytes, *, secret: str, url: str, at: datetime) -> Signed:
    login = base64.b64encode(f"pipe:{secret}".encode()).decode()
    return Signed(body=body, headers={"Authorization": f"Basic {login}"})


def message(text: str, key: str) -> bytes:
    written = (
        "From: Mira Lind <mira@customer.example>\r\nTo: support@hub.example.com\r\n"
        f"Message-ID: <{key}@customer.example>\r\nSubject: Order\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}"
    )
    return written.encode("utf-8", "surrogatepass")


DESCRIPTION = Description(
    adapter=ADAPTER,
    values={"token": "conformance-token", "authserv_id": "mx.hub.example.com", "from": "support@hub.example.com"},
    signing="token",
    another="another-long-token",
    sign=sign,
    message=message,
    payloads=["mime-*.eml"],
    content_type="message/rfc822",
    play=PLAY,
    person=PERSON,
    mail_head=HEAD,
    uncovered="The token is a password over TLS: who can capture a request has it, and the mail with it.",
)
