"""Channel accounts with their secrets: connecting one, and what the receiver needs to know of it."""

import base64
import logging
import threading
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.db import transaction
from django.utils import timezone

from channels_ingest import auto_reply, targets
from channels_ingest.adapters.base import AccountSettings, Adapter, Setting
from channels_ingest.adapters.sending import DeliversItself, Sends
from channels_ingest.keys import key_for, keys_for
from channels_ingest.media.wanted import ask_again
from channels_ingest.models import AccountSecret, Errand
from channels_ingest.registry import ADAPTERS
from channels_ingest.simulator.faults import SETTING as SIMULATED_FAULT
from profiles.models import ChannelAccount
from profiles.own_lines import refold_own, state_own
from timeline.work.sweeping import retarget

log = logging.getLogger("cxhub.accounts")

_SECRETS = "channels_ingest.secrets"

#: How long a process may go on with what it knew of an account; a rotated secret or a disabled line takes this long.
CACHE_SECONDS = 5.0

LONGEST_NAME = 120
#: The setting of an adapter that does not know by itself what its gateway speaks.
CHANNEL = "channel"

#: Plain settings that hold numbers or mailboxes of ours, of whatever provider; several are separated by commas.
OWN_SETTINGS = (
    *("from", "number", "numbers", "phone_number", "mailbox", "mailboxes", "address", "addresses", "sender"),
    "reply_address",
)
_OF_SENDERS = (*auto_reply.SETTINGS, *targets.SETTINGS, SIMULATED_FAULT)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"


class ConnectError(ValueError):
    """An account cannot be connected as asked; the message says what was expected and what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """An account as the receiver uses it, without a database row behind it."""

    id: int
    key: str
    adapter: Adapter
    settings: AccountSettings
    #: Values of a required secret are stored and none can be decrypted: what fails then is our fault, not the sender's.
    has_lost_secret: bool


def _cipher() -> MultiFernet:
    """Encrypts with SECRET_KEY and decrypts with it or its fallbacks, so that the key can be rotated."""
    return _cipher_with(keys_for(_SECRETS))


def cipher_of(keys: Sequence[str]) -> MultiFernet:
    """Encrypts with the first of these SECRET_KEYs and decrypts with any."""
    return _cipher_with(key_for(_SECRETS, key) for key in keys)


def _cipher_with(keys: Iterable[bytes]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def add_secret(account: ChannelAccount, name: str, value: str) -> None:
    """The account also accepts `value`; earlier values stay valid until they are removed."""
    AccountSecret.objects.create(account=account, name=name, ciphertext=_cipher().encrypt(value.encode()))


@transaction.atomic
def forget_old(account: ChannelAccount, name: str) -> int:
    """Of the secret only the newest value is left; returns how many were removed."""
    ids = AccountSecret.objects.filter(account=account, name=name).order_by("-id").values_list("id", flat=True)
    return AccountSecret.objects.filter(pk__in=list(ids)[1:]).delete()[0]


def settings_of(account: ChannelAccount) -> AccountSettings:
    """The account's plain settings and every live value of its secrets, newest first."""
    return _settings_and_lost(account)[0]


def _settings_and_lost(account: ChannelAccount) -> tuple[AccountSettings, set[str]]:
    """The settings, and the names of secrets that have values of which none can be decrypted."""
    secrets: dict[str, list[str]] = {}
    unreadable: set[str] = set()
    cipher = _cipher()
    for secret in AccountSecret.objects.filter(account=account).order_by("-id"):
        try:
            value = cipher.decrypt(bytes(secret.ciphertext)).decode()
        except InvalidToken:
            # Written under a SECRET_KEY that is gone. If it was the only value, what it signed is answered 503.
            log.error("secret cannot be decrypted: SECRET_KEY is another than it was", extra={"account": account.pk})
            unreadable.add(secret.name)
            continue
        secrets.setdefault(secret.name, []).append(value)
    plain = {name: str(value) for name, value in account.settings.items()}
    known = AccountSettings(plain=plain, secrets=secrets, thread_keys=_thread_keys(account))
    return known, unreadable - secrets.keys()


def _thread_keys(account: ChannelAccount) -> tuple[bytes, ...]:
    """The account's keys for its own reply addresses: of SECRET_KEY and its fallbacks, so old threads go on."""
    return keys_for(f"channels_ingest.threads:{account.key}")


def log_lost_secrets() -> None:
    """An ERROR is logged for every secret of an enabled account that cannot be decrypted."""
    for account in ChannelAccount.objects.filter(is_enabled=True):
        settings_of(account)


@transaction.atomic
def connect(provider: str, *, name: str, values: Mapping[str, str], forget_old: bool = False) -> ChannelAccount:
    """The account `name` of `provider` exists with these settings; connecting it again updates it and adds secrets.

    With `forget_old` the given values of secrets are the only ones; secrets that are not given stay as they are.
    """
    _check_name(name)
    adapter = ADAPTERS.get(provider)
    if adapter is None:
        raise ConnectError(f"no provider is called {provider!r}; there are: {', '.join(sorted(ADAPTERS))}")
    known = {setting.name: setting for setting in (*adapter.settings, *(_OF_SENDERS if _sends(adapter) else ()))}
    if unknown := sorted(set(values) - set(known)):
        raise ConnectError(f"{provider} has no setting {', '.join(unknown)}; it has: {_described(adapter.settings)}")
    for name_of, value in values.items():
        check = known[name_of].check
        if check is not None and (fault := check(value)):
            raise ConnectError(f"{name_of}: {fault}")
    account, _ = ChannelAccount.objects.select_for_update().get_or_create(
        provider=provider, name=name, defaults={"channel": adapter.channel}
    )
    held = settings_of(account)
    kept = {**held.plain, **held.secrets}
    missing = [s for s in adapter.settings if s.required and not (values.get(s.name) or kept.get(s.name))]
    if missing:
        raise ConnectError(f"{provider} cannot receive without: {_described(missing)}. Give each as --set NAME=VALUE")
    secrets = {setting_name: value for setting_name, value in values.items() if known[setting_name].secret}
    before = dict(account.settings)
    account.settings |= {setting_name: values[setting_name] for setting_name in values.keys() - secrets.keys()}
    account.channel = _channel_of(adapter, account)
    account.save()
    if forget_old:
        AccountSecret.objects.filter(account=account, name__in=secrets).delete()
    for setting_name, value in secrets.items():
        if forget_old or value not in held.secrets.get(setting_name, ()):
            add_secret(account, setting_name, value)
    # What was given up for want of a setting is tried with the new ones.
    given_up = Errand.objects.filter(account=account, next_attempt_at=None).exclude(fault="")
    given_up.update(attempts=0, next_attempt_at=timezone.now())
    changed = state_own(account.pk, _own_addresses(account))
    transaction.on_commit(partial(refold_own, changed))
    ask_again(account.pk)
    if targets.move_targets(name for name in values if before.get(name) != account.settings.get(name)):
        transaction.on_commit(partial(retarget, account.pk), robust=True)
    return account


def _channel_of(adapter: Adapter, account: ChannelAccount) -> str:
    """The adapter's own, but where its gateway may be on one or another, as the line's setting says."""
    is_open = any(setting.name == CHANNEL for setting in adapter.settings)
    return account.setting(CHANNEL) if is_open and account.setting(CHANNEL) else adapter.channel


def _sends(adapter: Adapter) -> bool:
    return isinstance(adapter, (Sends, DeliversItself))


def _own_addresses(account: ChannelAccount) -> list[str]:
    """What the account's settings say is a number or mailbox of ours."""
    return [part.strip() for name in OWN_SETTINGS for part in account.setting(name).split(",") if part.strip()]


def _check_name(name: str) -> None:
    # The joiners stay: Persian and Indian scripts and emoji are written with them.
    hidden = any(unicodedata.category(c) in _HIDDEN and c not in _JOINERS for c in name)
    if hidden or not 1 <= len(name) <= LONGEST_NAME or name.strip() != name or not any(map(str.isprintable, name)):
        raise ConnectError(
            f"--name: expected 1 to {LONGEST_NAME} visible characters, no space around them; got {len(name)} characters"
        )


def _described(wanted: Sequence[Setting]) -> str:
    return "; ".join(f"{setting.name} ({setting.meaning})" for setting in wanted)


_cache: dict[tuple[str, str], tuple[float, Line]] = {}
_cache_lock = threading.Lock()


def line(provider: str, key: str) -> Line | None:
    """The enabled account of a webhook URL, at most `CACHE_SECONDS` old; absence is never cached."""
    now = time.monotonic()
    held = _cache.get((provider, key))
    if held and now - held[0] < CACHE_SECONDS:
        return held[1]
    found = load_line(provider, key)
    with _cache_lock:
        if found is None:
            _cache.pop((provider, key), None)
        else:
            _cache[provider, key] = (now, found)
    return found


def renewed(line: Line) -> Line | None:
    """The account as stored now, if that is another than `line`; what is asked next has it too."""
    found = load_line(line.adapter.provider, line.key)
    if found is None or found == line:
        return None
    with _cache_lock:
        _cache[found.adapter.provider, found.key] = (time.monotonic(), found)
    return found


def load_line(provider: str, key: str) -> Line | None:
    """The enabled account of a webhook URL as stored now."""
    adapter = ADAPTERS.get(provider)
    if adapter is None or "\0" in key:  # PostgreSQL stores no NUL, and would fail on being asked for one
        return None
    account = ChannelAccount.objects.filter(provider=provider, key=key, is_enabled=True).first()
    if account is None:
        return None
    known, lost = _settings_and_lost(account)
    has_lost = any(setting.required and setting.name in lost for setting in adapter.settings)
    return Line(account.pk, account.key, adapter, known, has_lost)
