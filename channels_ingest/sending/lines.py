"""What an account can send with: its adapter's sending half and credentials, or the simulator in their place."""

from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings

from channels_ingest.accounts import settings_of
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.sending import DeliversItself, Sends
from channels_ingest.keys import key_for
from channels_ingest.registry import ADAPTERS
from profiles.models import ChannelAccount

#: The header by which the hub's own sender is known to the simulator.
SIMULATOR_HEADER = "x-cxhub-simulator"
#: A setting of the demo's lines, whose numbers are made up: they reach nobody, whatever else they are given.
ALWAYS_SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingLine:
    """How an account sends. `adapter` is None when the commit of the entry is the delivery.

    `lacks` names the settings without which somebody who gave the others cannot send; a line with no credentials at
    all is simulated instead.
    """

    adapter: Sends | None
    settings: AccountSettings
    api_url: str
    is_simulated: bool
    lacks: tuple[str, ...] = ()


def sending_line(account: ChannelAccount) -> SendingLine | None:
    """How the account sends, as configured now; None for one that only receives."""
    adapter = ADAPTERS.get(account.provider)
    if adapter is None:
        return None
    if isinstance(adapter, DeliversItself) and adapter.delivers_itself:
        return SendingLine(adapter=None, settings=AccountSettings(), api_url="", is_simulated=False)
    credentials = {setting.name for setting in adapter.settings if setting.secret and not setting.required}
    if not isinstance(adapter, Sends):
        return None
    known = settings_of(account)
    wanted = adapter.sending_settings
    missing = tuple(name for name in wanted if not (known.plain.get(name) or any(known.secrets.get(name, ()))))
    if account.setting(ALWAYS_SIMULATED):
        return SendingLine(adapter=adapter, settings=known, api_url=simulator_url(account), is_simulated=True)
    if not missing:
        return SendingLine(adapter=adapter, settings=known, api_url=adapter.api_url, is_simulated=False)
    if credentials & set(wanted) - set(missing):
        return SendingLine(adapter=adapter, settings=known, api_url="", is_simulated=False, lacks=missing)
    return SendingLine(adapter=adapter, settings=known, api_url=simulator_url(account), is_simulated=True)


def simulator_url(account: ChannelAccount) -> str:
    """Where the simulator plays the account's provider; without a slash at its end."""
    return f"{settings.LOOPBACK_URL}/simulator/{quote(account.provider)}/{quote(account.key)}"


def simulator_secret(account_key: str) -> str:
    """What proves to the simulator that the hub itself is posting."""
    return key_for(f"channels_ingest.simulator:{account_key}").hex()


def status_url(account: ChannelAccount, reference: str) -> str:
    """Where the provider reports to, with our reference in the query."""
    return f"{settings.PUBLIC_BASE_URL}/webhooks/{account.provider}/{account.key}/?reference={quote(reference)}"
