"""Text messages through Vonage's Messages API; the token is written by PyJWT."""

import hashlib
import json
from datetime import datetime

import jwt

from channels_ingest.adapters._vonage_signature import WINDOW
from channels_ingest.adapters.sms_vonage import ADAPTER
from channels_ingest.simulator.plays.base import Person
from channels_ingest.simulator.plays.sms_vonage import PLAY
from tests.channels_ingest.conformance.description import Description, Signed

SECRET = "a signature secret of at least 32 bytes"


def sign(body: bytes, *, secret: str, url: str, at: datetime) -> Signed:
    claims = {"iat": int(at.timestamp()), "jti": "1", "payload_hash": hashlib.sha256(body).hexdigest(), "api_key": "k"}
    return Signed(body=body, headers={"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"})


def message(text: str, key: str) -> bytes:
    said = {
        "channel": "sms",
        "message_uuid": f"uuid-{key}",
        "to": "447700900000",
        "from": "447700900001",
        "timestamp": "2026-01-01T14:00:00Z",
        "message_type": "text",
        "text": text,
    }
    return json.dumps(said).encode()


DESCRIPTION = Description(
    adapter=ADAPTER,
    values={"signature_secret": SECRET},
    signing="signature_secret",
    another="another signature secret of 32 bytes",
    sign=sign,
    message=message,
    payloads=["vonage-*.json"],
    window=WINDOW,
    play=PLAY,
    person=Person(address="447700900001"),
)
