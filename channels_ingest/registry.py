"""Every provider the hub speaks with. Adding one is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from channels_ingest.adapters import sms_twilio, trusted_server, whatsapp_cloud
from channels_ingest.adapters.base import Adapter, Normaliser

ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        sms_twilio.ADAPTER.provider: sms_twilio.ADAPTER,
        whatsapp_cloud.ADAPTER.provider: whatsapp_cloud.ADAPTER,
    }
)

#: Whose envelopes the pipeline works: besides the webhooks' providers, the trusted servers that post to the API.
NORMALISERS: Mapping[str, Normaliser] = MappingProxyType(
    {**ADAPTERS, trusted_server.PROVIDER: trusted_server.NORMALISER}
)
