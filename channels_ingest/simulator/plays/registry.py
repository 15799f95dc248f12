"""Every provider that the simulator plays. Adding one is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from channels_ingest.simulator.plays import sms_twilio, sms_vonage, whatsapp_cloud, whatsapp_twilio
from channels_ingest.simulator.plays.base import Play

PLAYS: Mapping[str, Play] = MappingProxyType(
    {
        sms_twilio.PLAY.provider: sms_twilio.PLAY,
        sms_vonage.PLAY.provider: sms_vonage.PLAY,
        whatsapp_cloud.PLAY.provider: whatsapp_cloud.PLAY,
        whatsapp_twilio.PLAY.provider: whatsapp_twilio.PLAY,
    }
)
