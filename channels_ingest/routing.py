"""Which channel account an item belongs to: the webhook URL's, another one that the same provider app serves, or the
account of the source that a trusted server named."""

import time
from collections.abc import Iterable
from typing import ClassVar

from channels_ingest.accounts import CACHE_SECONDS, settings_of
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.registry import ADAPTERS
from channels_ingest.signatures import any_matches
from channels_ingest.sources import PROVIDER, accounts_of
from profiles.models import ChannelAccount


class Router:
    """Routes the items of a batch. Routes live as long as it does, settings for `CACHE_SECONDS`."""

    _settings: ClassVar[dict[int, tuple[float, AccountSettings]]] = {}

    def __init__(self) -> None:
        self._routes: dict[tuple[int, str], int | None] = {}
        self._sources: dict[str, int | None] = {}

    @classmethod
    def settings_for(cls, account: ChannelAccount) -> AccountSettings:
        """The account's settings, at most `CACHE_SECONDS` old."""
        held = cls._settings.get(account.pk)
        if held is None or time.monotonic() - held[0] > CACHE_SECONDS:
            held = (time.monotonic(), settings_of(account))
            cls._settings[account.pk] = held
        return held[1]

    def meet_sources(self, routed: Iterable[tuple[ChannelAccount, str]]) -> None:
        """Every source named by a trusted server has its account. Called before any other lock of the transaction."""
        self._sources = accounts_of(route for account, route in routed if account.provider == PROVIDER)

    def account_id(self, account: ChannelAccount, route: str) -> int | None:
        """The account that owns `route`; None when no account that trusts the same secret does.

        An account without a route setting takes everything that comes to its URL.
        """
        if account.provider == PROVIDER:
            return self._sources[route]
        setting = ADAPTERS[account.provider].route_setting
        own = account.setting(setting) if setting else ""
        if not route or not own or route == own:
            return account.pk
        key = (account.pk, route)
        if key not in self._routes:
            self._routes[key] = self._sibling(account, route)
        return self._routes[key]

    def _sibling(self, account: ChannelAccount, route: str) -> int | None:
        """Only an account that shares a receiving secret: else whoever holds one line's secret could write to all."""
        adapter = ADAPTERS[account.provider]
        signing = next(setting.name for setting in adapter.settings if setting.secret and setting.required)
        mine = self.settings_for(account).secrets.get(signing, ())
        owners = {"provider": account.provider, "is_enabled": True, f"settings__{adapter.route_setting}": route}
        for other in ChannelAccount.objects.filter(**owners).order_by("id"):
            if any(any_matches(secret, self.settings_for(other).secrets.get(signing, ())) for secret in mine):
                return other.pk
        return None
