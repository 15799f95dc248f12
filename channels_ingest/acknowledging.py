"""Sending the acknowledgements that are due: found by who waits, decided and queued in one transaction each."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from channels_ingest.auto_reply import APART, LATEST, Plan, Waiting, plan_of, reason_not_to
from channels_ingest.sending.composing import send_automatic
from channels_ingest.sending.guards import openness_of
from profiles.locking import lock_rows
from profiles.models import ChannelAccount, ChannelIdentity
from timeline.entries import Direction, EntryKind
from timeline.models import Entry, QueueRow

log = logging.getLogger("cxhub.acknowledging")

#: Customers looked at in one go; whoever is left is looked at a second later.
MOST_AT_ONCE = 200


def acknowledge_due(now: datetime | None = None) -> int:
    """Everybody who wrote to a line with an acknowledgement, and may get one, got one; returns how many."""
    now = now or timezone.now()
    accounts = ChannelAccount.objects.filter(is_enabled=True, settings__has_key="auto_reply")
    plans = {account.pk: plan for account in accounts if (plan := plan_of(account.settings, account.name))}
    return sum(_acknowledge(pk, plans, now) for pk in _waiting(plans, now)) if plans else 0


def _waiting(account_ids: Iterable[int], now: datetime) -> list[int]:
    """Channel identities of these lines that wrote lately, of customers who have waited no longer than that.

    Nobody who got one since then; and in no order, so that those who may get none keep nobody from their turn.
    """
    had_one = Entry.objects.filter(
        channel_identity=OuterRef("pk"),
        kind=EntryKind.MESSAGE,
        direction=Direction.OUT,
        detail__automatic=True,
        occurred_at__gte=OuterRef("profile__queue_row__waiting_since"),
    )
    rows = ChannelIdentity.objects.filter(
        profile__queue_row__waiting_since__gte=now - LATEST,
        account_id__in=list(account_ids),
        last_inbound_at__gte=now - LATEST,
        blocked_at=None,
        void_in=None,
    )
    return list(rows.exclude(Exists(had_one)).order_by("?").values_list("id", flat=True)[:MOST_AT_ONCE])


@transaction.atomic
def _acknowledge(identity_id: int, plans: dict[int, Plan], now: datetime) -> bool:
    lock_rows("profiles_channelidentity", [identity_id])
    identity = ChannelIdentity.objects.select_related("account").get(id=identity_id)
    lock_rows("profiles_profile", [identity.profile_id])
    waiting = _facts(identity)
    plan = plans[identity.account_id]
    if waiting is None or reason_not_to(plan, waiting, now):
        return False
    openness = openness_of(identity, now=now)
    if openness.line is None or openness.closed or openness.closed_to_text:
        return False
    entry = send_automatic(identity, plan.words(now), openness.line)
    log.info("acknowledged", extra={"entry": entry, "account": identity.account_id})
    return True


def _facts(identity: ChannelIdentity) -> Waiting | None:
    """What the decision needs; None when the customer does not wait, or waits for something on another line."""
    since = QueueRow.objects.filter(profile_id=identity.profile_id).values_list("waiting_since", flat=True).first()
    newest = Entry.objects.filter(
        channel_identity=identity, kind=EntryKind.MESSAGE, direction=Direction.IN, is_backfilled=False
    ).order_by("-occurred_at", "-id")
    message = newest.first()
    if since is None or message is None or message.occurred_at < since:
        return None
    automatic = Entry.objects.filter(
        kind=EntryKind.MESSAGE, direction=Direction.OUT, detail__automatic=True, occurred_at__gte=since - APART
    )
    same_address = automatic.filter(
        channel_identity__account_id=identity.account_id, channel_identity__address=identity.address
    )
    return Waiting(
        written_at=message.occurred_at,
        episode_since=since,
        standing=identity.standing,
        is_open=openness_of(identity).closed is None,
        stay_silent=message.set_aside
        or str(message.detail.get("no_auto_answer") or message.detail.get("automatic") or ""),
        last_automatic_at=same_address.order_by("-occurred_at").values_list("occurred_at", flat=True).first(),
        had_automatic_since=automatic.filter(
            channel_identity__profile_id=identity.profile_id, occurred_at__gte=since
        ).exists(),
    )
