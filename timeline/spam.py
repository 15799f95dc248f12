"""The queue's other side: customers whose messages were kept out of it, newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from profiles.models import ChannelIdentity
from timeline.entries import SetAside
from timeline.models import Entry

#: Read for one view; older ones are found by search.
MOST_READ = 300


@dataclass(frozen=True, slots=True)
class KeptOut:
    """A customer with the newest message that was kept out; `entry` is None for one blocked before they wrote."""

    profile_id: int
    name: str
    entry: Entry | None
    moment: datetime


def kept_out(profile_ids: Collection[int] | None = None) -> list[KeptOut]:
    """Customers with messages marked as spam or with a blocked address; of those asked about, if any were."""
    spam = Entry.objects.filter(set_aside=SetAside.SPAM).order_by("-occurred_at", "-id")
    blocked = ChannelIdentity.objects.filter(blocked_at__isnull=False).order_by("-blocked_at")
    if profile_ids is not None:
        spam = spam.filter(channel_identity__profile_id__in=profile_ids)
        blocked = blocked.filter(profile_id__in=profile_ids)
    found: dict[int, KeptOut] = {}
    for entry in spam.select_related("account", "channel_identity__profile")[:MOST_READ]:
        profile = entry.channel_identity.profile
        found.setdefault(profile.pk, KeptOut(profile.pk, profile.display_name, entry, entry.occurred_at))
    newest = Entry.objects.filter(channel_identity_id=OuterRef("id"), kind="message", direction="in")
    newest_id = Subquery(newest.order_by("-occurred_at", "-id").values("id")[:1])
    identities = list(blocked.annotate(newest=newest_id).select_related("profile")[:MOST_READ])
    entries = Entry.objects.select_related("account").in_bulk([i.newest for i in identities if i.newest])
    for identity in identities:
        moment = max(filter(None, (identity.last_inbound_at, identity.blocked_at)))
        known = found.get(identity.profile_id)
        if known is None or known.moment < moment:
            last = entries.get(identity.newest)
            found[identity.profile_id] = KeptOut(identity.profile_id, identity.profile.display_name, last, moment)
    return sorted(found.values(), key=lambda each: (each.moment, each.profile_id), reverse=True)
