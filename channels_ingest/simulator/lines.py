"""Connected accounts as Meta's side sees them: where to post, in which line's name, signed with what."""

from typing import Any

import httpx
from django.conf import settings

from channels_ingest.accounts import settings_of
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.simulator.payloads import Line
from channels_ingest.simulator.posting import MetaPoster
from profiles.models import ChannelAccount

PROVIDER = "whatsapp_cloud"
UNSET_NUMBER_ID = "106540352242922"  # of Meta's samples: an account without a number id takes every number's


class SimulatorError(Exception):
    """The simulator cannot act for an account; the message says why and what to do."""


def webhook_url(account: ChannelAccount) -> str:
    """Where the account's deliveries go."""
    return f"{settings.PUBLIC_BASE_URL}/webhooks/{account.provider}/{account.key}/"


def line_of(account: ChannelAccount) -> Line:
    """The account's number as Meta knows it."""
    return Line(
        account_id=account.setting("simulated_account_id") or "102290129340398",
        number_id=account.setting("phone_number_id") or UNSET_NUMBER_ID,
        display_number=account.setting("simulated_number") or "15550783881",
    )


def poster_for(account: ChannelAccount, client: httpx.Client, **options: Any) -> MetaPoster:
    """Posts to the account's webhook with its newest app secret."""
    known: AccountSettings = settings_of(account)
    if account.provider != PROVIDER:
        raise SimulatorError(f"the simulator plays {PROVIDER}; {account.name} is {account.provider}")
    secrets = known.secrets.get("app_secret", ())
    if not secrets:
        raise SimulatorError(
            f"{account.name} has no app_secret that can be read: connect it again with --set app_secret=…"
        )
    return MetaPoster(webhook_url(account), secrets[0], client=client, **options)


def new_client() -> httpx.Client:
    """An HTTP client that goes straight to the hub: proxies of the environment are for the outside."""
    return httpx.Client(trust_env=False, follow_redirects=False)
