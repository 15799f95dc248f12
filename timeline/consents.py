"""Consent as a colleague writes it down: what the customer said elsewhere, or what a doubtful message meant."""

import uuid
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.utils import timezone

from profiles.consent import ALL, HOLD, MARKETING, words_of
from profiles.locking import lock_rows
from profiles.models import ChannelIdentity, ConsentEvent, StaffMember
from timeline.entries import Direction, EntryKind
from timeline.live import Happened, publish
from timeline.recording import NewEntry, record


@dataclass(frozen=True, slots=True)
class Word:
    """What the customer said: the purpose, and whether they agree to it."""

    purpose: str
    is_granted: bool


#: What can be written down, by the name that the form sends.
WORDS = {
    "marketing": Word(MARKETING, True),
    "no_marketing": Word(MARKETING, False),
    "nothing": Word(ALL, False),
    "again": Word(ALL, True),
    "no_opt_out": Word(HOLD, True),
}


@transaction.atomic
def write_down(identity: ChannelIdentity, said: str, *, actor: StaffMember, reason: str) -> bool:
    """The ledger has the customer's word with the colleague and their reason; False when it was so already.

    An opt-out settles a doubt. A settled doubt is settled for everybody at the address: it was about one message.
    """
    word = WORDS[said]
    same = ChannelIdentity.objects.filter(account_id=identity.account_id, address=identity.address, void_in=None)
    lock_rows("profiles_channelidentity", [*same.values_list("id", flat=True), identity.pk])
    fresh = ChannelIdentity.objects.get(id=identity.pk)
    standing = words_of([fresh])[fresh.pk]
    written = []
    held = standing.get(HOLD)
    if held is not None and not held.is_granted and (said == "no_opt_out" or not word.is_granted):
        written += [_event(pk, HOLD, True, actor, reason) for pk in same.values_list("id", flat=True)]
    known = standing.get(word.purpose)
    if word.purpose != HOLD and (known is None or known.is_granted != word.is_granted):
        written.append(_event(fresh.pk, word.purpose, word.is_granted, actor, reason))
    if not written:
        return False
    ConsentEvent.objects.bulk_create(written)
    shown = [event for event in written if event.channel_identity_id == fresh.pk]
    recorded = record([_line(fresh, event, actor) for event in shown], [], {})
    happened = [Happened(fresh.profile_id, entry, kind) for entry, _, kind in recorded.entries]
    transaction.on_commit(partial(publish, happened), robust=True)
    return True


def _event(identity_id: int, purpose: str, is_granted: bool, actor: StaffMember, reason: str) -> ConsentEvent:
    key = f"agent:{uuid.uuid4()}"
    return ConsentEvent(
        channel_identity_id=identity_id,
        purpose=purpose,
        is_granted=is_granted,
        source="agent",
        key=key,
        occurred_at=timezone.now(),
        evidence=key,
        actor=actor,
        reason=reason[:500],
    )


def _line(identity: ChannelIdentity, event: ConsentEvent, actor: StaffMember) -> NewEntry:
    facts = {"purpose": event.purpose, "is_granted": event.is_granted, "source": event.source}
    return NewEntry(
        channel_identity_id=identity.pk,
        account_id=identity.account_id,
        kind=EntryKind.CONSENT,
        direction=Direction.NONE,
        occurred_at=event.occurred_at,
        provider_message_id=event.key,
        detail={"type": "consent", **facts, "by": str(actor), "reason": event.reason},
    )
