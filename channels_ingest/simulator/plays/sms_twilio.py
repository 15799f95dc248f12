"""Text messages through Twilio."""

from channels_ingest.simulator.plays._twilio import TwilioPlay
from channels_ingest.simulator.plays.base import Play


class SmsTwilioPlay(TwilioPlay):
    """See `base.Play`. Nobody knows whether a text message was read."""

    provider = "sms_twilio"


PLAY: Play = SmsTwilioPlay()
