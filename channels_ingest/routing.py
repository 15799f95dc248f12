"""Which channel account an item belongs to: the webhook URL's, or another one that the same provider app serves."""

import hmac
import time

from channels_ingest.accounts import CACHE_SECONDS, settings_of
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.registry import ADAPTERS
from profiles.models import ChannelAccount

#: The plain setting that names the provider's own id of a line, by provider.
ROUTE_SETTING = {"whatsapp_cloud": "phone_number_id"}

_settings: dict[int, tuple[float, AccountSettings]] = {}


class Router:
    """Routes the items of a batch; what it read of the accounts lives as long as it does."""

    def __init__(self) -> None:
        self._routes: dict[tuple[int, str], int | None] = {}

    @staticmethod
    def settings_for(account: ChannelAccount) -> AccountSettings:
        """The account's settings, at most `CACHE_SECONDS` old."""
        held = _settings.get(account.pk)
        if held is None or time.monotonic() - held[0] > CACHE_SECONDS:
            held = (time.monotonic(), settings_of(account))
            _settings[account.pk] = held
        return held[1]

    def account_id(self, account: ChannelAccount, route: str) -> int | None:
        """The account that owns `route`; None when no account that trusts the same secret does.

        An account without a route setting takes everything that comes to its URL.
        """
        own = account.setting(ROUTE_SETTING.get(account.provider, ""))
        if not route or not own or route == own:
            return account.pk
        key = (account.pk, route)
        if key not in self._routes:
            self._routes[key] = self._sibling(account, route)
        return self._routes[key]

    def _sibling(self, account: ChannelAccount, route: str) -> int | None:
        """Only an account that shares a receiving secret: else whoever holds one line's secret could write to all."""
        field = f"settings__{ROUTE_SETTING[account.provider]}"
        secret_names = [s.name for s in ADAPTERS[account.provider].settings if s.secret and s.required]
        mine = self.settings_for(account).secrets
        for other in ChannelAccount.objects.filter(provider=account.provider, is_enabled=True, **{field: route}):
            theirs = self.settings_for(other).secrets
            name = secret_names[0]
            if any(
                hmac.compare_digest(one.encode(), two.encode())
                for one in mine.get(name, ())
                for two in theirs.get(name, ())
            ):
                return other.pk
        return None
