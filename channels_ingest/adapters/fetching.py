"""The shape of an adapter that says where the files of its messages are. Pure: `channels_ingest.media` does the asking.

A file may take two requests: one that tells where it is, one that brings it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.sending import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRequest:
    """One GET. Credentials stand in `headers`: never log it. `is_lookup` when the answer says where the file is."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_lookup: bool = False


class MediaGoneError(Exception):
    """The provider does not have the file any more."""


@runtime_checkable
class FetchesMedia(Protocol):
    """What the hub needs to fetch an attachment.

    `media_settings` are the settings without which it cannot. `media_hosts` are the domains, with all below them, to
    which the account's credentials may be sent; the API's own address always is.
    """

    media_settings: tuple[str, ...]
    media_hosts: tuple[str, ...]

    def media_request(
        self, attachment: Mapping[str, Any], account: AccountSettings, *, api_url: str
    ) -> MediaRequest | None:
        """The first request for an attachment as the adapter itself described it; None if nothing says where it is."""

    def media_found(self, answer: Answer, account: AccountSettings, *, api_url: str) -> MediaRequest | None:
        """Where a look-up's answer says the file is; None if it says nothing. Raises MediaGoneError."""
