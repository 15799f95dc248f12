"""Finding what a provider took and never delivered: its list of recent messages against what the inbox has.

What is missing goes through the inbox like any delivery. The message's own id makes it one entry, whether its webhook
comes later, came meanwhile, or the list shows it again.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import httpx
from django.db import transaction
from django.utils import timezone

from channels_ingest import envelopes
from channels_ingest.adapters.listing import Listed, ListingError, ListsMessages
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.counting import add_counts
from channels_ingest.intake import intake
from channels_ingest.models import Envelope, IntakeCount, Reconciliation
from channels_ingest.registry import ADAPTERS
from channels_ingest.sending.lines import SIMULATOR_HEADER, SendingLine, sending_line, simulator_secret
from profiles.identity.canonical import phone_join_key
from profiles.models import ChannelAccount, OwnAddress
from timeline.models import Entry

log = logging.getLogger("cxhub.reconciling")

EVERY = timedelta(minutes=5)
#: A webhook may still be on its way for so long; taken earlier, it would only be worked twice.
GRACE = timedelta(seconds=60)
#: Each look goes back this far behind the last one: a provider's list may lag behind its webhooks.
OVERLAP = timedelta(hours=1)
#: How far the first look goes back, and one after a long outage. Older gaps are found by asking for them (`since`).
FURTHEST = timedelta(hours=48)
MOST_PAGES = 40
TOTAL_SECONDS = 20.0
MOST_BYTES = 10_000_000

Ask = Callable[[HttpRequest], Answer]


def reconcile_one(now: datetime | None = None) -> bool:
    """One account whose turn it is was looked at; False when it is nobody's turn."""
    now = now or timezone.now()
    account = _claim(now)
    if account is None:
        return False
    line = sending_line(account)
    try:
        found = reconcile(account, line, until=now - GRACE) if line else 0
        fault = ""
        if found:
            log.warning("gap filled", extra={"account": account.pk, "count": found})
    except (ListingError, httpx.HTTPError, httpx.InvalidURL) as error:
        found, fault = (
            0,
            f"{type(error).__name__}: {error}" if isinstance(error, ListingError) else type(error).__name__,
        )
        log.warning("list not read", extra={"account": account.pk, "fault": type(error).__name__})
    row = Reconciliation.objects.filter(account=account)
    row.update(fault=fault[:200], **({} if fault else {"checked_until": now - GRACE}))
    return True


def _claim(now: datetime) -> ChannelAccount | None:
    """An account whose turn it is, put off until the next one; two workers never take the same."""
    providers = [name for name, adapter in ADAPTERS.items() if isinstance(adapter, ListsMessages)]
    with transaction.atomic():
        known = Reconciliation.objects.values_list("account_id", flat=True)
        fresh = ChannelAccount.objects.filter(provider__in=providers, is_enabled=True).exclude(id__in=known)
        Reconciliation.objects.bulk_create(
            [Reconciliation(account=account, next_at=now) for account in fresh.order_by("id")], ignore_conflicts=True
        )
        due = Reconciliation.objects.filter(
            next_at__lte=now, account__is_enabled=True, account__provider__in=providers
        ).order_by("next_at", "account_id")
        row = due.select_for_update(skip_locked=True, of=("self",)).select_related("account").first()
        if row is None:
            return None
        row.next_at = now + EVERY
        row.save(update_fields=["next_at"])
        return row.account


def reconcile(
    account: ChannelAccount, line: SendingLine, *, until: datetime | None = None, since: datetime | None = None
) -> int:
    """What the provider lists and the hub has never seen is in the inbox; returns how many messages that were.

    Raises ListingError, or what httpx raises; what was found until then is stored.
    """
    adapter = ADAPTERS[account.provider]
    until = until or timezone.now()
    since = since or _since(account, until)
    if not isinstance(adapter, ListsMessages) or line.lacks:
        return 0
    secret = {SIMULATOR_HEADER: simulator_secret(account.key)} if line.is_simulated else {}
    stored = 0
    with httpx.Client(timeout=TOTAL_SECONDS, trust_env=not secret, follow_redirects=False, headers=secret) as client:

        def ask(request: HttpRequest) -> Answer:
            return _answer(client, request)

        for place in adapter.lists(line.settings, _numbers(account), since):
            for page in _pages(adapter, line, place, since, ask):
                missing = _missing(account, [each for each in page if since <= each.at <= until])
                stored += sum(_store(account, _whole(adapter, line, each, ask)) for each in missing)
    if stored:
        add_counts({(account.pk, IntakeCount.Outcome.LISTED): stored})
        intake.nudge()
    return stored


def _since(account: ChannelAccount, until: datetime) -> datetime:
    checked = Reconciliation.objects.filter(account=account).values_list("checked_until", flat=True).first()
    earliest = max(account.created_at, until - FURTHEST)
    return max(earliest, checked - OVERLAP) if checked else earliest


def _numbers(account: ChannelAccount) -> list[str]:
    """Our numbers on the account: as set, and as its deliveries showed."""
    own = account.setting("from").rpartition(":")[2]
    numbers = {own} if own.startswith("+") else set()
    known = set(OwnAddress.objects.filter(account=account, kind="phone").values_list("join_key", flat=True))
    return sorted(numbers | (known - {phone_join_key(number) for number in numbers}))


def _pages(
    adapter: ListsMessages, line: SendingLine, place: str, since: datetime, ask: Ask
) -> Iterator[tuple[Listed, ...]]:
    """The pages of a list, newest first, until one reaches back far enough."""
    for _ in range(MOST_PAGES):
        page = adapter.read_page(ask(adapter.ask(line.settings, place, api_url=line.api_url)))
        yield page.messages
        if not page.next_page or any(each.at < since for each in page.messages):
            return
        place = page.next_page
    log.warning("list cut off", extra={"pages": MOST_PAGES})


def _missing(account: ChannelAccount, listed: list[Listed]) -> list[Listed]:
    """Those that neither the timeline nor the inbox has; the oldest first."""
    ids = {each.message_id for each in listed}
    known = set(
        Entry.objects.filter(account_id=account.pk, provider_message_id__in=ids).values_list(
            "provider_message_id", flat=True
        )
    )
    keys = {_key(each): each.message_id for each in listed}
    stored = Envelope.objects.filter(account=account, delivery_key__in=keys).values_list("delivery_key", flat=True)
    known |= {keys[key] for key in stored}
    return sorted((each for each in listed if each.message_id not in known), key=lambda each: each.at)


def _whole(adapter: ListsMessages, line: SendingLine, listed: Listed, ask: Ask) -> Listed:
    """The message with what the list leaves out; as it is when that cannot be had: a text is better than nothing."""
    if not listed.more:
        return listed
    try:
        return adapter.add_more(listed, ask(adapter.ask(line.settings, listed.more, api_url=line.api_url)))
    except (ListingError, httpx.HTTPError) as error:
        log.warning("listed message is not whole", extra={"fault": type(error).__name__})
        return listed


def _key(listed: Listed) -> str:
    return f"listed:{listed.message_id}"[:128]


def _store(account: ChannelAccount, listed: Listed) -> bool:
    headers = {envelopes.ORIGIN: envelopes.LISTED, envelopes.TOLD_AT: listed.at.isoformat()}
    return envelopes.store(account.pk, _key(listed), listed.body, headers)


def _answer(client: httpx.Client, request: HttpRequest) -> Answer:
    """The whole answer, within limits of time and size. Raises what httpx raises, or ListingError."""
    deadline = time.monotonic() + TOTAL_SECONDS
    body = bytearray()
    with client.stream(request.method, request.url, headers=dict(request.headers)) as response:
        for part in response.iter_bytes():
            body += part
            if len(body) > MOST_BYTES or time.monotonic() > deadline:
                raise ListingError("expected a list that ends")
    return Answer(status=response.status_code, body=bytes(body))
