"""One message of an author that becomes several of a provider's, which takes one file in each."""

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from channels_ingest.adapters.sending import FileRules
from channels_ingest.sending.composing import send
from channels_ingest.sending.lines import sending_line
from channels_ingest.sending.outgoing_files import rules_of
from channels_ingest.sending.wishes import Draft, Wish
from channels_ingest.writing.models import Upload
from channels_ingest.writing.uploads import uploads_of
from profiles.models import ChannelIdentity
from timeline.models import Entry


def send_all(profile_id: int, draft: Draft, wish: Wish) -> list[Entry]:
    """All of it is queued in the order of writing, or nothing is. Raises as `composing.send`."""
    parts = _parts(draft)
    with transaction.atomic():
        return [send(profile_id, part, _wish(wish, number)) for number, part in enumerate(parts)]


def _parts(draft: Draft) -> list[Draft]:
    identity = ChannelIdentity.objects.select_related("account").filter(id=draft.channel_identity_id).first()
    line = sending_line(identity.account) if identity and draft.files else None
    uploads = uploads_of(draft.files) if line else []
    if line is None or len(uploads) != len(draft.files):
        return [draft]  # sending says what is wrong with it
    return split(draft, uploads, rules_of(line))


def split(draft: Draft, uploads: Sequence[Upload], rules: FileRules) -> list[Draft]:
    """The messages it takes to send the draft. The text goes with the first file where that can carry it."""
    most = max(rules.per_message, 1)
    groups = [draft.files[start : start + most] for start in range(0, len(draft.files), most)]
    has_text = bool(draft.text.strip())
    if has_text and not (_carries(uploads[0].mime_type, rules) and len(draft.text) <= rules.longest_caption):
        groups.insert(0, ())
    first, *more = groups
    return [replace(draft, files=first), *(replace(draft, files=group, text="", answers=None) for group in more)]


def _carries(mime_type: str, rules: FileRules) -> bool:
    return any(word in ("", mime_type, mime_type.partition("/")[0] + "/") for word in rules.captioned)


def _wish(wish: Wish, number: int) -> Wish:
    """The first stands for the whole: the others have keys made of its own."""
    if number == 0:
        return wish
    return replace(wish, key=f"{wish.key[:240]} {number}" if wish.key else None, replaces=None)
