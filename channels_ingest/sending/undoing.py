"""A message that has not left yet is taken back: it goes from the timeline, and its text to its author's draft."""

import contextlib
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from channels_ingest.sending.guards import Closed
from channels_ingest.sending.models import OutboxMessage, TakenBack
from channels_ingest.sending.rendering import template_of
from channels_ingest.sending.wishes import SendRefusedError
from channels_ingest.writing.begun_templates import keep
from channels_ingest.writing.drafts import Words, give_back
from channels_ingest.writing.models import MessageTemplate
from channels_ingest.writing.templates import UnfilledError, values_of
from profiles.models import StaffMember
from timeline.models import Entry
from timeline.outgoing import mark, take_out


@dataclass(frozen=True, slots=True)
class Taken:
    """Whose timeline the message is gone from, and to which address it would have gone."""

    profile_id: int
    channel_identity_id: int


def take_back(entry_id: int, author: StaffMember) -> Taken:
    """The message is never sent. Raises SendRefusedError once a sender has it, and for somebody else's.

    A sender claims the row with a conditional update, and this locks it and asks for the same state: one of the two
    finds it. The text is the author's draft again, before what they have written since.
    """
    with transaction.atomic():
        rows = OutboxMessage.objects.select_for_update(of=("self",)).select_related("entry", "replaces")
        row = rows.filter(entry_id=entry_id, author=author, state=OutboxMessage.State.QUEUED).first()
        if row is None or row.entry.is_withheld:  # what may not be read any more cannot be given back
            if not Entry.objects.filter(id=entry_id).exists():  # the word that it was got lost
                raise SendRefusedError(Closed("taken_back", _("It was taken back already: it is your draft.")))
            raise SendRefusedError(Closed("gone_out", _("Too late: the message is on its way already.")))
        identity_id, entry, replaced = row.channel_identity_id, row.entry, row.replaces
        words = Words(
            text="" if "template" in row.words else entry.text,
            subject=str(row.words.get("subject", "")),
            cc=", ".join(row.words.get("cc", ())),
            new_thread=bool(row.words.get("new_thread")),
            uploads=tuple(row.words.get("uploads", ())),
        )
        if "template" in row.words:
            _begin_again(row, author)
        if row.idempotency_key is not None:
            TakenBack.objects.create(author=author, idempotency_key=row.idempotency_key)
        row.delete()
        profile_id = take_out(entry)
        if replaced is not None:
            mark(replaced.entry_id, {"replaced_by": None}, profile_id=profile_id)
        give_back(author, identity_id, words, is_note=False)
    return Taken(profile_id, identity_id)


def _begin_again(row: OutboxMessage, author: StaffMember) -> None:
    """Its template is begun at the address, with what was filled in, if the line still has it."""
    told = template_of(row.words["template"])
    known = MessageTemplate.objects.filter(account_id=row.account_id, name=told.name, language=told.language).first()
    if known is not None:
        with contextlib.suppress(UnfilledError):  # it takes fewer values by now
            keep(author, row.channel_identity_id, known, values_of(known, told))
