"""Drafts on the server: one for each author, channel identity and kind, saved while they type."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from channels_ingest.adapters.base import clean
from channels_ingest.sending.models import OutboxMessage
from channels_ingest.writing.models import SavedDraft
from channels_ingest.writing.uploads import MOST_FILES
from profiles.locking import lock_id, take_advisory_locks
from profiles.models import StaffMember

LONGEST = 200_000  # characters: the longest text that any channel takes
LONGEST_CC = 4_000
KEPT_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a draft says. `cc` stands as typed, `uploads` are ids."""

    text: str = ""
    subject: str = ""
    cc: str = ""
    new_thread: bool = False
    uploads: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing worth keeping: a subject or a copy stands in the box without being typed."""
        return not self.text.strip() and not self.uploads


def save(author: StaffMember, channel_identity_id: int, words: Words, *, is_note: bool, key: str = "") -> bool:
    """The draft says this, and nothing is kept of an empty one; returns whether one is kept.

    `key` is that of the box it is written in: once its message is sent, a save that was under way keeps nothing.
    """
    mine = SavedDraft.objects.filter(author=author, channel_identity_id=channel_identity_id, is_note=is_note)
    with transaction.atomic():
        if key:
            take_advisory_locks([lock_id("outbox key", author.pk, key)])
        if words.is_empty or (key and is_sent(author, key)):
            mine.delete()
            return False
        SavedDraft.objects.update_or_create(
            author=author, channel_identity_id=channel_identity_id, is_note=is_note, defaults=_columns(words)
        )
    return True


def is_sent(author: StaffMember, key: str) -> bool:
    """Whether the box or sheet with this key has sent its message."""
    return OutboxMessage.objects.filter(author=author, idempotency_key=key).exists()


def _columns(words: Words) -> dict[str, object]:
    return {
        "text": clean(words.text)[:LONGEST],
        "subject": clean(words.subject)[:900],
        "cc": clean(words.cc)[:LONGEST_CC],
        "new_thread": words.new_thread,
        "uploads": list(words.uploads[:MOST_FILES]),
        "saved_at": timezone.now(),
    }


def drop(author: StaffMember, channel_identity_id: int, *, is_note: bool) -> None:
    """There is no such draft."""
    SavedDraft.objects.filter(author=author, channel_identity_id=channel_identity_id, is_note=is_note).delete()


def give_back(author: StaffMember, channel_identity_id: int, words: Words, *, is_note: bool) -> None:
    """The words are the draft again, before what was written since."""
    mine = SavedDraft.objects.filter(author=author, channel_identity_id=channel_identity_id, is_note=is_note)
    since = words_of(mine.first())
    together = Words(
        text="\n\n".join(text for text in (words.text, since.text) if text.strip()),
        subject=words.subject or since.subject,
        cc=words.cc or since.cc,
        new_thread=words.new_thread or since.new_thread,
        uploads=tuple(dict.fromkeys((*words.uploads, *since.uploads))),
    )
    save(author, channel_identity_id, together, is_note=is_note)


def words_of(draft: SavedDraft | None) -> Words:
    """What the draft says; nothing if there is none."""
    if draft is None:
        return Words()
    uploads = tuple(str(each) for each in draft.uploads) if isinstance(draft.uploads, list) else ()
    return Words(text=draft.text, subject=draft.subject, cc=draft.cc, new_thread=draft.new_thread, uploads=uploads)


def drafts_of(author: StaffMember, channel_identity_ids: Iterable[int]) -> Mapping[tuple[int, bool], SavedDraft]:
    """The author's drafts by channel identity and whether they are notes."""
    rows = SavedDraft.objects.filter(author=author, channel_identity_id__in=list(channel_identity_ids))
    return {(row.channel_identity_id, row.is_note): row for row in rows}


def forget_old() -> int:
    """Drafts that nobody touched for a month are gone; returns how many."""
    return SavedDraft.objects.filter(saved_at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()[0]
