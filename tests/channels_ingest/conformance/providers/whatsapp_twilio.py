"""WhatsApp through Twilio, signed like its text messages."""

from channels_ingest.adapters.whatsapp_twilio import ADAPTER
from channels_ingest.simulator.plays.base import Person
from channels_ingest.simulator.plays.whatsapp_twilio import PLAY
from tests.channels_ingest.conformance.description import Description
from tests.channels_ingest.conformance.providers.sms_twilio import form, sign


def message(text: str, key: str) -> bytes:
    fields = {
        "MessageSid": f"SM{key}",
        "AccountSid": "AC1",
        "From": "whatsapp:+14135550123",
        "To": "whatsapp:+12025550111",
        "Body": text,
        "MessageType": "text",
    }
    return form(list(fields.items()))


DESCRIPTION = Description(
    adapter=ADAPTER,
    values={"auth_token": "12345", "account_sid": "AC00000000000000000000000000000000"},
    signing="auth_token",
    another="67890",
    sign=sign,
    message=message,
    payloads=["twilio-whatsapp-*.form"],
    content_type="application/x-www-form-urlencoded",
    play=PLAY,
    person=Person(address="+14135550123", name="Mira Lind"),
)
