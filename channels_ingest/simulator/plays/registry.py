"""Every provider that the simulator plays. Adding one is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from channels_ingest.simulator.plays import (
    email_mailgun,
    email_mime,
    email_postmark,
    email_sendgrid,
    email_ses,
    generic_signed,
    sms_twilio,
    sms_vonage,
    whatsapp_cloud,
    whatsapp_twilio,
)
from channels_ingest.simulator.plays.base import Play

_PLAYS = (
    email_mailgun.PLAY,
    email_mime.PLAY,
    email_postmark.PLAY,
    email_sendgrid.PLAY,
    email_ses.PLAY,
    generic_signed.PLAY,
    sms_twilio.PLAY,
    sms_vonage.PLAY,
    whatsapp_cloud.PLAY,
    whatsapp_twilio.PLAY,
)

PLAYS: Mapping[str, Play] = MappingProxyType({play.provider: play for play in _PLAYS})
