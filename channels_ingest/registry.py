"""Every provider the hub speaks with. Adding one is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from channels_ingest.adapters import (
    email_mime,
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
        email_mime.ADAPTER.provider: email_mime.ADAPTER,
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
