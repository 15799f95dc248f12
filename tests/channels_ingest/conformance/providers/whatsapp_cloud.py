"""Meta's WhatsApp Cloud API."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime

from channels_ingest.adapters.whatsapp_cloud import ADAPTER
from channels_ingest.simulator.plays.base import Person
from channels_ingest.simulator.plays.whatsapp_cloud import PLAY
from tests.channels_ingest.conformance.description import Description, Signed
from tests.conftest import whatsapp_change


def sign(body: bytes, *, secret: str, url: str, at: datetime) -> Signed:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Signed(body=body, headers={"X-Hub-Signature-256": f"sha256={digest}"})


def batch(messages: Sequence[tuple[str, str]]) -> bytes:
    written = [
        {"from": "16505551234", "id": f"wamid.{key}", "timestamp": "1749416383", "type": "text", "text": {"body": text}}
        for text, key in messages
    ]
    return json.dumps(whatsapp_change(messages=written)).encode()


DESCRIPTION = Description(
    adapter=ADAPTER,
    values={"app_secret": "conformance-secret", "verify_token": "conformance-token"},
    signing="app_secret",
    another="another-secret",
    sign=sign,
    message=lambda text, key: batch([(text, key)]),
    batch=batch,
    payloads=["meta-*.json"],
    play=PLAY,
    person=Person(address="16505551234", name="Sheena Nelson"),
)
