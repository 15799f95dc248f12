"""What the descriptions of mail providers share."""

import base64
from datetime import datetime

from channels_ingest.adapters.sending import MailHead
from channels_ingest.simulator.plays.base import Person
from tests.channels_ingest.conformance.description import Signed

PERSON = Person(address="mira@customer.example", name="Mira Lind")
HEAD = MailHead(
    message_id="0b0f7a3e-9f0a-4f5e-8a52-2f1f6a3f7b11.aaaaaabbbbbbbbbbbbb@hub.example.com",
    subject="Re: Order 42",
    reply_to="support+0b0f7a3e-9f0a-4f5e-8a52-2f1f6a3f7b11.aaaaaabbbbbbbbbbbbb@hub.example.com",
    in_reply_to="a@customer.example",
    references=("b@customer.example", "a@customer.example"),
)
UNCOVERED = "The password is sent over TLS: who can capture a request has it, and the mail with it."


def log_in(body: bytes, *, secret: str, url: str, at: datetime) -> Signed:
    """A provider that signs nothing sends the password of the webhook's address."""
    login = base64.b64encode(f"hub:{secret}".encode()).decode()
    return Signed(body=body, headers={"Authorization": f"Basic {login}"})
