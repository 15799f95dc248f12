"""The channel accounts behind `/api/v1/identify/` and `/api/v1/events/`: one inbox for the hub, one line per source.

Both kinds are found by a fixed key, never by name or settings: an operator may rename a source's line as agents should
read it, and nothing is lost or doubled.
"""

import hashlib
from collections.abc import Iterable

from channels_ingest.adapters import trusted_server
from profiles.models import Channel, ChannelAccount

PROVIDER = trusted_server.PROVIDER
#: The account that every call's envelope belongs to. It is no line: nobody is a customer of it.
INBOX_KEY = "trusted-server-inbox"
INBOX_NAME = "Trusted servers (inbox)"


def inbox_account_id() -> int:
    """The id of the account whose envelopes are the calls, made at the first one."""
    mine = ChannelAccount.objects.filter(key=INBOX_KEY).values_list("id", flat=True)
    found = mine.first()
    if found is None:
        _make([ChannelAccount(key=INBOX_KEY, provider=PROVIDER, channel=Channel.STORE, name=INBOX_NAME)])
        found = mine.get()
    return found


def accounts_of(sources: Iterable[str]) -> dict[str, int | None]:
    """The channel account of each source, made where it is missing; None for one that was disabled.

    Missing ones are made in the current transaction, all at once and in the order of their keys: another that makes
    the same waits for this one to end, and no two wait for each other.
    """
    keys = {source_key(source): source for source in sources}
    if not keys:
        return {}
    found = _by_key(keys)
    if missing := sorted(keys.keys() - found.keys()):
        _make([_account(key, keys[key], name=keys[key]) for key in missing])
        found = _by_key(keys)
        # Somebody renamed another line to just this source's name: it gets a name of its own.
        if missing := sorted(keys.keys() - found.keys()):
            _make([_account(key, keys[key], name=f"{keys[key]} ({key[-8:]})") for key in missing])
            found = _by_key(keys)
    return {keys[key]: account.pk if account.is_enabled else None for key, account in found.items()}


def source_key(source: str) -> str:
    """The key of the source's account. It is no secret: no webhook is behind it."""
    return f"source-{hashlib.sha256(source.encode()).hexdigest()[:48]}"


def _by_key(keys: Iterable[str]) -> dict[str, ChannelAccount]:
    return {account.key: account for account in ChannelAccount.objects.filter(key__in=list(keys))}


def _account(key: str, source: str, *, name: str) -> ChannelAccount:
    return ChannelAccount(key=key, provider=PROVIDER, channel=Channel.STORE, name=name, settings={"source": source})


def _make(accounts: Iterable[ChannelAccount]) -> None:
    """The accounts exist, whoever made them."""
    ChannelAccount.objects.bulk_create(accounts, ignore_conflicts=True)
