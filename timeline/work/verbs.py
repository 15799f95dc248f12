"""What colleagues do about a customer, each as one entry that names everybody it is about.

Each is a transaction of its own, which holds everybody it names: several customers in one could wait for each other.
Each verb returns the entry it wrote, None when nothing had to change; raises UnknownProfileError for an id that was
never given out and WorkRefusedError, with words for the person who asked, for what cannot be.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles.access import READERS, reading_staff
from profiles.locking import lock_rows
from profiles.models import ChannelIdentity, StaffMember
from profiles.operations import UnknownProfileError
from profiles.reading_rights import hidden_now, words_for_restricted
from timeline.entries import EntryKind
from timeline.models import Entry, QueueRow, Tag
from timeline.recording import hold_messages
from timeline.work.reading import resolved_at, snoozed_until, tags_in
from timeline.work.state import (
    ASSIGNEE,
    LONGEST_TAG,
    PIN,
    PRIORITIES,
    PRIORITY,
    PROMISE,
    TAG,
    tag_key,
    tag_name,
)
from timeline.work.writing import LONGEST_REASON, Customer, TakenError, WorkRefusedError, perform, within, write

__all__ = [
    "TakenError",
    "WorkRefusedError",
    "assign",
    "assign_if_free",
    "keep_promise",
    "pin",
    "promise",
    "reopen",
    "resolve",
    "set_priority",
    "snooze",
    "tag",
    "unpin",
    "untag",
    "wake",
    "write_note",
]

LONGEST_NOTE = 20_000
MOST_TAGS = 50
MOST_PROMISES = 50
MOST_PINS = 50
MOST_MENTIONS = 50
#: Farther ahead nobody plans: it is a slip of the keyboard.
FARTHEST = timedelta(days=732)

#: What cannot be pinned: it says what was done, not what to remember.
_NEVER_PINNED = (EntryKind.WORK, EntryKind.IDENTITY)


def assign(
    profile_id: int, to: StaffMember | None, *, actor: StaffMember, reason: str = "", only_if_free: bool = False
) -> Entry | None:
    """The colleague has the customer; None for nobody. Raises TakenError if somebody has them and that is asked."""

    def say(customer: Customer) -> dict[str, Any] | None:
        has = customer.value(ASSIGNEE)
        if has == (to.pk if to else None):
            return None
        if only_if_free and has is not None:
            raise TakenError(_("%(name)s has this customer.") % {"name": StaffMember.objects.get(id=has)})
        if to is None:
            return {"type": "unassigned"}
        if not to.is_active or to.role not in READERS:
            raise WorkRefusedError(_("This colleague cannot have customers."))
        return {"type": "assigned", "to": to.pk, "to_name": str(to)}

    return perform(profile_id, say, actor=actor, reason=reason)


def assign_if_free(profile_id: int, to: StaffMember) -> Entry | None:
    """Who types the first answer has the customer, if nobody has them and the hub is set so. Of several at the same
    moment one wins."""
    if not settings.ASSIGN_ON_TYPING or QueueRow.objects.filter(profile_id=profile_id, assignee__isnull=False).exists():
        return None

    def say(customer: Customer) -> dict[str, Any] | None:
        if customer.value(ASSIGNEE) is not None or not to.is_active or to.role not in READERS:
            return None
        return {"type": "assigned", "to": to.pk, "to_name": str(to), "by_typing": True}

    return perform(profile_id, say, actor=to)


def resolve(profile_id: int, *, actor: StaffMember, reason: str = "") -> Entry | None:
    """Nothing is left to do until the customer writes again: nobody waits, and nothing is put off."""

    def say(customer: Customer) -> dict[str, Any] | None:
        return None if resolved_at(customer.fields, customer.row) else {"type": "resolved"}

    return perform(profile_id, say, actor=actor, reason=reason)


def reopen(profile_id: int, *, actor: StaffMember, reason: str = "") -> Entry | None:
    """The last resolve is taken back: whoever waited before it waits again."""

    def say(customer: Customer) -> dict[str, Any] | None:
        return {"type": "reopened"} if resolved_at(customer.fields, customer.row) else None

    return perform(profile_id, say, actor=actor, reason=reason)


def snooze(profile_id: int, until: datetime, *, actor: StaffMember, reason: str = "") -> Entry | None:
    """The customer is out of the way until that moment, or until they write; who was resolved comes back then, too."""
    if timezone.is_naive(until):
        until = timezone.make_aware(until)
    now = timezone.now()
    if until <= now:
        raise WorkRefusedError(_("Choose a time that lies ahead."))
    if until > now + FARTHEST:
        raise WorkRefusedError(_("Choose a time within two years."))

    def say(customer: Customer) -> dict[str, Any] | None:
        if snoozed_until(customer.fields, customer.row) == until:
            return None
        return {"type": "snoozed", "until": until.isoformat()}

    return perform(profile_id, say, actor=actor, reason=reason)


def wake(profile_id: int, *, actor: StaffMember) -> Entry | None:
    """The customer is not put off any more."""

    def say(customer: Customer) -> dict[str, Any] | None:
        return {"type": "woken"} if snoozed_until(customer.fields, customer.row) else None

    return perform(profile_id, say, actor=actor)


def set_priority(profile_id: int, priority: int, *, actor: StaffMember) -> Entry | None:
    """The customer has this priority (`QueueRow.Priority`)."""
    if priority not in PRIORITIES:
        raise WorkRefusedError(_("Choose a priority from 0 to 3."))

    def say(customer: Customer) -> dict[str, Any] | None:
        if (customer.value(PRIORITY) or 0) == priority:
            return None
        return {"type": "priority", "priority": int(priority)}

    return perform(profile_id, say, actor=actor)


def tag(profile_id: int, tag: str, *, actor: StaffMember) -> Entry | None:
    """The customer has the tag, shown as whoever used it first anywhere spelled it."""
    name, key = _tag(tag)

    def say(customer: Customer) -> dict[str, Any] | None:
        if customer.value(TAG + key) is not None:
            return None
        if len(tags_in(customer.fields)) >= MOST_TAGS:
            raise WorkRefusedError(_("A customer has at most %(n)d tags.") % {"n": MOST_TAGS})
        Tag.objects.bulk_create([Tag(key=key, name=name)], ignore_conflicts=True)
        return {"type": "tagged", "tag": Tag.objects.get(key=key).name}

    return perform(profile_id, say, actor=actor)


def untag(profile_id: int, tag: str, *, actor: StaffMember) -> Entry | None:
    """The customer does not have the tag, however it is spelled."""
    _name, key = _tag(tag)

    def say(customer: Customer) -> dict[str, Any] | None:
        spelled = customer.value(TAG + key)
        return {"type": "untagged", "tag": spelled} if spelled is not None else None

    return perform(profile_id, say, actor=actor)


def promise(profile_id: int, on: date, *, text: str = "", actor: StaffMember) -> Entry | None:
    """The customer was promised something by that day, which is today or later where the colleague is."""
    today = timezone.localdate()
    if on < today:
        raise WorkRefusedError(_("Choose a day that lies ahead."))
    if on > today + FARTHEST:
        raise WorkRefusedError(_("Choose a day within two years."))
    said = within(text.strip(), LONGEST_REASON)

    def say(customer: Customer) -> dict[str, Any] | None:
        if _count(customer, PROMISE) >= MOST_PROMISES:
            raise WorkRefusedError(_("A customer has at most %(n)d open promises.") % {"n": MOST_PROMISES})
        return {"type": "promised", "on": on.isoformat(), "text": said}

    return perform(profile_id, say, actor=actor)


def keep_promise(entry: Entry, *, actor: StaffMember, profile_id: int | None = None) -> Entry | None:
    """The promise that the entry says is kept. After an unmerge both customers have it: `profile_id` says whose."""

    def say(customer: Customer) -> dict[str, Any] | None:
        promised = customer.value(f"{PROMISE}{entry.pk}")
        return {"type": "kept", "entry": entry.pk, "on": promised["on"], "text": promised["text"]} if promised else None

    return perform(profile_id or entry.channel_identity_id, say, actor=actor)


def pin(entry: Entry, *, actor: StaffMember) -> Entry | None:
    """The entry stands at the top of its customer's page."""
    if entry.kind in _NEVER_PINNED:
        raise WorkRefusedError(_("This cannot be pinned."))

    def say(customer: Customer) -> dict[str, Any] | None:
        if customer.value(f"{PIN}{entry.pk}"):
            return None
        if _count(customer, PIN) >= MOST_PINS:
            raise WorkRefusedError(_("A customer has at most %(n)d pinned entries.") % {"n": MOST_PINS})
        return {"type": "pinned", "entry": entry.pk}

    return perform(entry.channel_identity_id, say, actor=actor)


def unpin(entry: Entry, *, actor: StaffMember) -> Entry | None:
    """The entry does not stand at the top any more."""

    def say(customer: Customer) -> dict[str, Any] | None:
        return {"type": "unpinned", "entry": entry.pk} if customer.value(f"{PIN}{entry.pk}") else None

    return perform(entry.channel_identity_id, say, actor=actor)


@transaction.atomic
def write_note(
    channel_identity_id: int, text: str, *, actor: StaffMember, mentions: Collection[int] = (), key: str = ""
) -> Entry:
    """A note for colleagues stands on the timeline; `mentions` are ids of colleagues who may read it.

    With a `key` of the caller's it is written once, however often it is sent: later ones answer with the first.
    """
    text = text.strip()
    if not text:
        raise WorkRefusedError(_("Write something first."))
    said = within(text, LONGEST_NOTE)
    wanted = sorted(set(mentions))
    if len(wanted) > MOST_MENTIONS:
        raise WorkRefusedError(_("Mention at most %(n)d colleagues.") % {"n": MOST_MENTIONS})
    known = reading_staff().filter(id__in=wanted).order_by("id")
    if len(known) != len(wanted):
        raise WorkRefusedError(_("Somebody mentioned here is no colleague who reads customers."))
    rows = ChannelIdentity.objects.select_related("void_in", "account")
    identity = rows.filter(id=channel_identity_id).first()
    if identity is None:
        raise UnknownProfileError(f"no channel identity has the id {channel_identity_id}")
    if identity.account_id in hidden_now():  # its author could not read it
        raise WorkRefusedError(words_for_restricted(identity.account))
    name = f"note {actor.pk} {key}" if key else None
    held = hold_messages([(identity.account_id, name)] if name else [])
    if held:
        return next(iter(held.values()))
    lock_rows("profiles_channelidentity", [identity.pk])
    identity.refresh_from_db()
    return write(
        identity.void_in or identity,
        {"by": str(actor), "actor": actor.pk, "mentions": wanted, "mentioned": [str(member) for member in known]},
        kind=EntryKind.NOTE,
        text=said,
        key=name,
    )


def _tag(text: str) -> tuple[str, str]:
    name = tag_name(text)
    if not name or not name.isprintable():
        raise WorkRefusedError(_("Write the tag in letters, digits or signs."))
    if len(name) > LONGEST_TAG:
        raise WorkRefusedError(_("A tag has at most %(n)d characters.") % {"n": LONGEST_TAG})
    return name, tag_key(name)


def _count(customer: Customer, prefix: str) -> int:
    return sum(name.startswith(prefix) and fact["value"] is not None for name, fact in customer.fields.items())
