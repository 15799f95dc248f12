"""WhatsApp through Twilio."""

import json
from urllib.parse import urlsplit

from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator import sample_templates
from channels_ingest.simulator.plays._twilio import TwilioPlay
from channels_ingest.simulator.plays.base import Person, Play


class WhatsAppTwilioPlay(TwilioPlay):
    """See `base.Play`. A person whose address is a user id (CC.…) hides their number."""

    provider = "whatsapp_twilio"
    prefix = "whatsapp:"
    reports_reading = True

    def templates(self, request: HttpRequest) -> Answer | None:
        """The contents of the account, with what WhatsApp said of each."""
        if request.method != "GET" or not urlsplit(request.url).path.endswith("/v1/ContentAndApprovals"):
            return None
        body = json.dumps(sample_templates.as_twilio()).encode()
        return Answer(status=200, body=body, headers={"content-type": "application/json"})

    def more_of(self, person: Person, answers: str) -> dict[str, str]:
        """The name, the ids, and the message replied to."""
        more = {"MessageType": "text", "ReferralNumMedia": "0"}
        if person.name:
            more["ProfileName"] = person.name
        if person.address.startswith("+"):
            more["WaId"] = person.address.removeprefix("+")
        else:
            more["ExternalUserId"] = f"{self.prefix}{person.address}"
        if answers:
            more["OriginalRepliedMessageSid"] = answers
        return more


PLAY: Play = WhatsAppTwilioPlay()
