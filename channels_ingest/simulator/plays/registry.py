"""Every provider that the simulator plays. Adding one is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from channels_ingest.simulator.plays import whatsapp_cloud
from channels_ingest.simulator.plays.base import Play

PLAYS: Mapping[str, Play] = MappingProxyType(
    {
        whatsapp_cloud.PLAY.provider: whatsapp_cloud.PLAY,
    }
)
