"""Files that a provider keeps under links which anybody may fetch who has them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.fetching import MediaRequest
from channels_ingest.adapters.reading import as_link
from channels_ingest.adapters.sending import Answer


class PublicLinks:
    """See `fetching.FetchesMedia`. No credentials go along, so no host is trusted with any."""

    api_url: str
    media_settings: tuple[str, ...] = ()
    media_hosts: tuple[str, ...] = ()

    def media_request(
        self, attachment: Mapping[str, Any], account: AccountSettings, *, api_url: str
    ) -> MediaRequest | None:
        """The link itself; the simulator keeps the same paths."""
        link = as_link(attachment.get("link"))
        if link and api_url != self.api_url:
            link = f"{api_url}{urlsplit(link).path}"
        return MediaRequest(url=link) if link else None

    def media_found(self, answer: Answer, account: AccountSettings, *, api_url: str) -> MediaRequest | None:
        """Nothing: there is no look-up."""
        return None
