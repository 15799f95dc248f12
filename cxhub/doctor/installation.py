"""The installation: keys and secrets, addresses, lines, the inbox, the processes."""

import io
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.files.storage import storages
from django.db import connection

from channels_ingest.accounts import cipher_of, settings_of
from channels_ingest.media.files import StorageError, put
from channels_ingest.models import AccountSecret, Errand, Reconciliation
from channels_ingest.registry import ADAPTERS
from cxhub.doctor.findings import Finding, bad, ok, warning
from cxhub.health import backlog, files_without_room
from profiles.models import ChannelAccount
from timeline.models import Entry, SearchCursor

#: As Django's own deployment check has it.
LONG_KEY, MANY_CHARACTERS = 50, 5
MOST_AGE_SECONDS, BAD_AGE_SECONDS = 60, 600
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PATIENCE_SECONDS = 5.0
#: Written and removed again.
_PROBE = "doctor"


def secret_key() -> Iterator[Finding]:
    """It is long and random, and decrypts what the lines' accounts hold."""
    key, about = str(settings.SECRET_KEY), "SECRET_KEY"
    if len(set(key)) < MANY_CHARACTERS or key.startswith("django-insecure"):
        yield bad(about, "it can be guessed", "Set 50 random characters and connect each account again (README).")
    elif len(key) < LONG_KEY:
        yield warning(
            about, f"it has {len(key)} characters", "Set 50 or more random ones; the README says how to rotate."
        )
    else:
        yield ok(about, "long enough")
    yield from _account_secrets()


def _account_secrets() -> Iterator[Finding]:
    lost, old = set(), set()
    now, any_of_them = (
        cipher_of([settings.SECRET_KEY]),
        cipher_of([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]),
    )
    for secret in AccountSecret.objects.select_related("account"):
        try:
            now.decrypt(bytes(secret.ciphertext))
        except InvalidToken:
            try:
                any_of_them.decrypt(bytes(secret.ciphertext))
                old.add(f"{secret.account.name}: {secret.name}")
            except InvalidToken:
                lost.add(f"{secret.account.name}: {secret.name}")
    for name in sorted(lost):
        do = "Set the SECRET_KEY it was stored under, as a fallback at least, or connect the account again."
        yield bad("account secrets", f"{name} cannot be decrypted; what it signs is refused", do)
    for name in sorted(old):
        do = "Connect the account again with --forget-old, then take the fallback out."
        yield warning("account secrets", f"{name} is encrypted with a fallback of SECRET_KEY", do)
    if not lost and not old:
        yield ok("account secrets", "every one can be decrypted")


def addresses() -> Iterator[Finding]:
    """Providers and browsers can reach the hub under the addresses that it tells them."""
    public, live = urlsplit(settings.PUBLIC_BASE_URL), urlsplit(settings.LIVE_URL)
    if public.scheme == "https":
        yield ok("PUBLIC_BASE_URL", settings.PUBLIC_BASE_URL)
        if live.scheme != "https":
            says = f"{settings.LIVE_URL} is not https: browsers refuse it on an https page"
            yield bad("CXHUB_LIVE_URL", says, "Put the live port behind the TLS proxy too.")
    elif public.hostname in LOOPBACK:
        says = f"{settings.PUBLIC_BASE_URL} is this machine: providers cannot deliver to it"
        yield warning("PUBLIC_BASE_URL", says, "For more than trying out, put a TLS proxy in front and set it.")
    else:
        says = f"{settings.PUBLIC_BASE_URL} is not https: passwords and customers' messages travel in the open"
        yield bad("PUBLIC_BASE_URL", says, "Put a TLS proxy in front and set it to the https address.")
    for about, url in (("PUBLIC_BASE_URL", settings.PUBLIC_BASE_URL), ("CXHUB_LIVE_URL", settings.LIVE_URL)):
        fault = _reached(f"{url}/livez")
        if fault:
            do = "Start the hub with `up`; if it runs, look at the proxy, its certificate and the name's address."
            yield bad(about, f"{url} does not answer from here: {fault}", do)


def for_trying_out() -> Iterator[Finding]:
    """What is for a desk is off where strangers come: under a public address."""
    if urlsplit(settings.PUBLIC_BASE_URL).hostname in LOOPBACK:
        return
    if settings.DEBUG:
        says = "error pages show strangers the hub's settings and what was being worked on"
        yield bad("CXHUB_DEBUG", says, "Take it out of the environment and start the hub again.")
    elif settings.HAS_SIMULATOR_PAGE:
        says = "whoever logs in can write in the name of customers on lines without credentials"
        yield warning("CXHUB_SIMULATOR", says, "Take it out of the environment where customers are real.")


def _reached(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310  (our own http(s) origins)
            return "" if answer.status == 200 else f"status {answer.status}"
    except urllib.error.HTTPError as error:
        return f"status {error.code}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", "")) or type(error).__name__


def lines() -> Iterator[Finding]:
    """There are lines, and each can send."""
    accounts = list(ChannelAccount.objects.filter(is_enabled=True).order_by("name"))
    if not accounts:
        yield warning("lines", "none is connected", "Connect one: `python3 manage.py connect PROVIDER --name NAME`.")
    silent = {account.name: missing for account in accounts if (missing := _missing_to_send(account))}
    for name, missing in silent.items():
        says = f"{name} has no credentials to send with: answers go into the simulator"
        yield warning("lines", says, f"Connect it again with --set for each of: {', '.join(missing)}.")
    unread = Reconciliation.objects.filter(account__is_enabled=True).exclude(fault="")
    for name, fault in unread.order_by("account__name").values_list("account__name", "fault"):
        says = f"{name}: the provider's list of messages cannot be read ({fault}), so lost webhooks are not found"
        yield warning(
            "lines", says, "Look whether the account's id and token are right and the provider can be reached."
        )
    if accounts and not silent:
        yield ok("lines", f"{len(accounts)} connected")


def _missing_to_send(account: ChannelAccount) -> list[str]:
    wanted: tuple[str, ...] = getattr(ADAPTERS.get(account.provider), "sending_settings", ())
    held = settings_of(account)
    return [name for name in wanted if not (held.plain.get(name) or held.secrets.get(name))]


def inbox() -> Iterator[Finding]:
    """Nothing waits for long, nothing was given up."""
    age, waiting, dead, odd = backlog()
    says = f"{waiting} deliveries wait, the oldest for {age:.0f} s"
    do = "Look whether worker and sweeper run, and at their logs; with a steady backlog, start `up` on another host."
    if age > BAD_AGE_SECONDS:
        yield bad("inbox", says, do)
    elif age > MOST_AGE_SECONDS:
        yield warning("inbox", says, do)
    else:
        yield ok("inbox", says)
    if dead:
        do = "Look for `envelope failed` in the logs, then `python3 manage.py replay --state dead`."
        yield warning("inbox", f"{dead} deliveries were given up after five attempts", do)
    if odd:
        do = "Update the hub, then `python3 manage.py replay --state not_understood`."
        yield warning("inbox", f"{odd} deliveries were not understood", do)
    given_up = Errand.objects.filter(next_attempt_at=None).exclude(fault="").count()
    if given_up:
        do = "Look for `errand failed` in the logs and `connect` the line again with what it lacks: they begin anew."
        yield warning("inbox", f"{given_up} subscriptions or stored mails could not be had from a provider", do)


def outbox() -> Iterator[Finding]:
    """What agents wrote goes out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(extract(epoch FROM now() - min(next_attempt_at)), 0)"
            " FROM channels_ingest_outboxmessage WHERE state = 'queued' AND next_attempt_at < now()"
        )
        count, age = cursor.fetchone()
    says = f"{count} messages are due to be sent, the oldest for {age:.0f} s"
    if age > MOST_AGE_SECONDS:
        yield warning("outbox", says, "Look whether worker and sweeper run, and what the provider answers.")
    else:
        yield ok("outbox", says)


def files() -> Iterator[Finding]:
    """The storage takes files of messages, and none waits for room there."""
    waiting, do = files_without_room(), "Free or add space, and let the hub's user write there; the hub tries again."
    try:
        put(_PROBE, io.BytesIO(b"?"), size=1)
        storages["media"].delete(_PROBE)
    except (StorageError, OSError) as error:
        yield bad("files", f"the storage takes none ({error}), {waiting} wait; messages are not affected", do)
        return
    if waiting:
        yield warning("files", f"{waiting} wait for room in the storage, which takes files now", "Wait ten minutes.")
    else:
        yield ok("files", "the storage takes them")


def search() -> Iterator[Finding]:
    """Everything that was written can be found."""
    place = SearchCursor.objects.filter(id=1).first()
    is_unread = place.backfill_below > 1 if place else Entry.objects.exists()
    if is_unread:
        says = "older messages are still being made searchable"
        yield warning("search", says, "Nothing: the sweeper does it, the newest first.")
    else:
        yield ok("search", "the whole history is searchable")
