"""Every provider the hub speaks with. Adding one is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from channels_ingest.adapters import whatsapp_cloud
from channels_ingest.adapters.base import Adapter

ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        whatsapp_cloud.ADAPTER.provider: whatsapp_cloud.ADAPTER,
    }
)
