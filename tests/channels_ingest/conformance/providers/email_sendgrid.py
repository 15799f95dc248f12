"""SendGrid."""

import json

from channels_ingest.adapters.email_sendgrid import ADAPTER
from channels_ingest.simulator.plays.email_sendgrid import PLAY
from tests.channels_ingest.conformance.description import Description
from tests.channels_ingest.conformance.mails import HEAD, PERSON, UNCOVERED, log_in


def message(text: str, key: str) -> bytes:
    fields = {
        "headers": f"From: Mira Lind <mira@customer.example>\nMessage-ID: <{key}@customer.example>\nSubject: Order",
        "envelope": json.dumps({"to": ["support@hub.example.com"], "from": "mira@customer.example"}),
        "charsets": json.dumps({"text": "UTF-8"}),
        "text": text,
    }
    parts = [f'--xYzZY\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    return "".join([*parts, "--xYzZY--\r\n"]).encode("utf-8", "surrogatepass")


DESCRIPTION = Description(
    adapter=ADAPTER,
    values={"password": "conformance-password", "from": "support@hub.example.com"},
    signing="password",
    another="another-password",
    sign=log_in,
    message=message,
    payloads=["sendgrid-*"],
    content_type="multipart/form-data; boundary=xYzZY",
    uncovered=UNCOVERED,
    play=PLAY,
    person=PERSON,
    mail_head=HEAD,
)
