"""Text messages through Twilio; the signature is by Twilio's own library."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qs, urlencode

from twilio.request_validator import RequestValidator

from channels_ingest.adapters.sms_twilio import ADAPTER
from channels_ingest.simulator.plays.base import Person
from channels_ingest.simulator.plays.sms_twilio import PLAY
from tests.channels_ingest.conformance.description import Description, Signed


def sign(body: bytes, *, secret: str, url: str, at: datetime) -> Signed:
    """Signed by Twilio's library, which takes the fields as a framework reads them."""
    fields = parse_qs(body.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace")
    signature = RequestValidator(secret).compute_signature(url, Multi(fields))
    return Signed(body=body, headers={"X-Twilio-Signature": signature})


class Multi(dict[str, list[str]]):
    """A form with repeated fields, as Twilio's library takes them."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def message(text: str, key: str) -> bytes:
    fields = {"MessageSid": f"SM{key}", "AccountSid": "AC1", "From": "+14135550123", "To": "+12025550111", "Body": text}
    return form(list(fields.items()))


def form(fields: Sequence[tuple[str, str]]) -> bytes:
    return urlencode(fields, encoding="utf-8", errors="replace").encode()


DESCRIPTION = Description(
    adapter=ADAPTER,
    values={"auth_token": "12345", "account_sid": "AC00000000000000000000000000000000"},
    signing="auth_token",
    another="67890",
    sign=sign,
    message=message,
    payloads=["twilio-sms-*.form", "twilio-mms-*.form"],
    content_type="application/x-www-form-urlencoded",
    play=PLAY,
    person=Person(address="+14135550123", name="Mira Lind"),
)
