"""WhatsApp through Twilio."""

from channels_ingest.simulator.plays._twilio import TwilioPlay
from channels_ingest.simulator.plays.base import Person, Play


class WhatsAppTwilioPlay(TwilioPlay):
    """See `base.Play`. A person whose address is a user id (CC.…) hides their number."""

    provider = "whatsapp_twilio"
    prefix = "whatsapp:"
    reports_reading = True

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
