"""Every provider the hub speaks with. Adding one is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from channels_ingest import sns_certificates
from channels_ingest.adapters import (
    email_mailgun,
    email_mime,
    email_postmark,
    email_sendgrid,
    email_ses,
    generic_signed,
    site_events,
    sms_twilio,
    sms_vonage,
    trusted_server,
    webchat,
    whatsapp_cloud,
    whatsapp_twilio,
)
from channels_ingest.adapters.base import Adapter, Normaliser

ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        email_mailgun.ADAPTER.provider: email_mailgun.ADAPTER,
        email_mime.ADAPTER.provider: email_mime.ADAPTER,
        email_postmark.ADAPTER.provider: email_postmark.ADAPTER,
        email_sendgrid.ADAPTER.provider: email_sendgrid.ADAPTER,
        email_ses.AmazonSes.provider: email_ses.AmazonSes(certificates=sns_certificates.load),
        generic_signed.ADAPTER.provider: generic_signed.ADAPTER,
        site_events.ADAPTER.provider: site_events.ADAPTER,
        sms_twilio.ADAPTER.provider: sms_twilio.ADAPTER,
        sms_vonage.ADAPTER.provider: sms_vonage.ADAPTER,
        webchat.ADAPTER.provider: webchat.ADAPTER,
        whatsapp_cloud.ADAPTER.provider: whatsapp_cloud.ADAPTER,
        whatsapp_twilio.ADAPTER.provider: whatsapp_twilio.ADAPTER,
    }
)

#: Whose envelopes the pipeline works: besides the webhooks' providers, the trusted servers that post to the API.
NORMALISERS: Mapping[str, Normaliser] = MappingProxyType(
    {**ADAPTERS, trusted_server.PROVIDER: trusted_server.NORMALISER}
)
