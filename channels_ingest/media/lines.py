"""How an account's files are fetched: with its own key, from the simulator, or not at all."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from channels_ingest.accounts import settings_of
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.fetching import FetchesMedia, MediaRequest
from channels_ingest.registry import ADAPTERS
from channels_ingest.sending.lines import SIMULATOR_HEADER, sending_line, simulator_secret, simulator_url
from profiles.models import ChannelAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchingLine:
    """An account that can fetch. `trusted_origins` are those of the hub's own simulator, `extra` proves us to it."""

    adapter: FetchesMedia
    settings: AccountSettings
    api_url: str
    is_simulated: bool
    trusted_origins: frozenset[str]
    extra: dict[str, str]

    def may_carry_credentials(self, request: MediaRequest) -> bool:
        """Whether the account's key may go where the request does."""
        host, own = urlsplit(request.url).hostname or "", urlsplit(self.api_url)
        if host == own.hostname:
            return urlsplit(request.url).scheme == own.scheme
        return any(host == domain or host.endswith(f".{domain}") for domain in self.adapter.media_hosts)


def fetching_line(account: ChannelAccount) -> FetchingLine | None:
    """How the account fetches, as configured now; None if it cannot."""
    adapter: object = ADAPTERS.get(account.provider)
    sending = sending_line(account)
    if not isinstance(adapter, FetchesMedia) or sending is None:
        return None
    known = settings_of(account)
    has_all = all(known.plain.get(name) or any(known.secrets.get(name, ())) for name in adapter.media_settings)
    if has_all and not account.setting("simulated"):
        return FetchingLine(
            adapter=adapter,
            settings=known,
            api_url=sending.adapter.api_url if sending.adapter else "",
            is_simulated=False,
            trusted_origins=frozenset(),
            extra={},
        )
    if not sending.is_simulated:
        return None
    own = urlsplit(settings.LOOPBACK_URL)
    return FetchingLine(
        adapter=adapter,
        settings=known,
        api_url=simulator_url(account),
        is_simulated=True,
        trusted_origins=frozenset({f"{own.scheme}://{own.netloc}"}),
        extra={SIMULATOR_HEADER: simulator_secret(account.key)},
    )
