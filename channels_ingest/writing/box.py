"""The reply box as its template shows it: addresses, what was begun, and what this channel asks for."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from channels_ingest.sending.chips import chips_of
from channels_ingest.sending.lines import SendingLine, sending_line
from channels_ingest.sending.outgoing_files import fault_of, rules_of
from channels_ingest.writing.begun_templates import begun_of
from channels_ingest.writing.drafts import Words, drafts_of, words_of
from channels_ingest.writing.mail_fields import MailFields, fields_for
from channels_ingest.writing.models import BegunTemplate, SavedDraft, Upload
from channels_ingest.writing.uploads import MOST_BYTES, MOST_FILES, uploads_of
from profiles.models import Channel, ChannelIdentity, Profile, StaffMember
from timeline.files import extension_of
from timeline.models import Entry
from timeline.pages.panel import name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChip:
    """One picked file; `fault` says why the chosen channel does not take it."""

    id: str
    name: str
    note: str
    fault: str


def box_of(profile_id: int, author: StaffMember, *, chosen: int | None, is_note: bool) -> dict[str, Any]:
    """The context of `composer/box.html`. Without a choice, the address of the author's newest draft comes first."""
    chips = chips_of(profile_id, chosen=chosen)
    drafts = drafts_of(author, [chip.id for chip in chips])
    templates = [] if is_note else begun_of(author, [chip.id for chip in chips if chip.takes_templates])
    if chosen is None and (begun := _begun_at(drafts.values(), templates, is_note=is_note)):
        chips = chips_of(profile_id, chosen=begun)
    chip = next((chip for chip in chips if chip.is_chosen), None)
    words = words_of(drafts.get((chip.id, is_note))) if chip else Words()
    identity = ChannelIdentity.objects.select_related("account", "profile").get(id=chip.id) if chip else None
    line = sending_line(identity.account) if identity else None
    return {
        "profile_id": profile_id,
        "name": name_of((identity.profile if identity else Profile.objects.get(id=profile_id)).display_name),
        "chips": chips,
        "chosen": chip,
        "is_note": is_note,
        "draft": words,
        "templates": templates,
        "begun": {pk for pk, note in drafts if note == is_note},
        "has_other": any(note != is_note for _pk, note in drafts),
        "mail": _mail(identity, words) if identity and not is_note else None,
        "files": file_chips(uploads_of(words.uploads, author=author), line),
        "no_files": _("A note carries no files.") if is_note else _no_files(line),
        "most_files": MOST_FILES,
        "most_bytes": MOST_BYTES,
        "key": uuid.uuid4(),
        "last_seen_entry": _newest(profile_id),
    }


def _begun_at(drafts: Iterable[SavedDraft], templates: Sequence[BegunTemplate], *, is_note: bool) -> int | None:
    """Where the newest of this kind is; an address that is closed by now keeps it."""
    mine = [(draft.saved_at, draft.channel_identity_id) for draft in drafts if draft.is_note == is_note]
    mine += [(begun.saved_at, begun.channel_identity_id) for begun in templates]
    return max(mine)[1] if mine else None


def _mail(identity: ChannelIdentity, words: Words) -> MailFields | None:
    if identity.account.channel != Channel.EMAIL:
        return None
    offered = fields_for(identity)
    if words.is_empty:
        return offered
    return MailFields(to=offered.to, subject=words.subject or offered.subject, cc=words.cc)


def _no_files(line: SendingLine | None) -> str:
    """Why nothing can be attached, in words."""
    refusal = rules_of(line).refusal if line else _("Nothing can be sent here.")
    return _(refusal) if refusal else ""


def file_chips(uploads: Sequence[Upload], line: SendingLine | None) -> list[FileChip]:
    """The picked files, each with what this channel says of it."""
    rules = rules_of(line) if line else None
    return [
        FileChip(
            id=str(upload.pk),
            name=upload.name,
            note=" · ".join(filter(None, (extension_of(upload.mime_type).upper(), filesizeformat(upload.size)))),
            fault=fault_of(upload.mime_type, upload.size, rules) if rules else "",
        )
        for upload in uploads
    ]


def _newest(profile_id: int) -> int | None:
    """The newest entry of the customer: what a page without the script has seen."""
    rows = Entry.objects.filter(channel_identity__profile_id=profile_id)
    return rows.order_by("-occurred_at", "-id").values_list("id", flat=True).first()
