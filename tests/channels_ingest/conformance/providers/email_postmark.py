"""Postmark."""

import json

from channels_ingest.adapters.email_postmark import ADAPTER
from channels_ingest.simulator.plays.email_postmark import PLAY
from tests.channels_ingest.conformance.description import Description
from tests.channels_ingest.conformance.mails import HEAD, PERSON, UNCOVERED, log_in


def message(text: str, key: str) -> bytes:
    said = {
        "FromFull": {"Email": "mira@customer.example", "Name": "Mira Lind"},
        "ToFull": [{"Email": "support@hub.example.com"}],
        "MessageID": "2706ee8a-737c-4285-b032-ccd317af53ed",
        "Subject": "Order",
        "TextBody": text,
        "Headers": [{"Name": "Message-ID", "Value": f"<{key}@customer.example>"}],
    }
    return json.dumps(said).encode()


DESCRIPTION = Description(
    adapter=ADAPTER,
    values={"password": "conformance-password", "from": "support@hub.example.com"},
    signing="password",
    another="another-password",
    sign=log_in,
    message=message,
    payloads=["postmark-*.json"],
    uncovered=UNCOVERED,
    play=PLAY,
    person=PERSON,
    mail_head=HEAD,
)
