"""Files that somebody picks for a message: into file storage at once, to the customer when the message is sent."""

import io
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import IO

from django.utils import timezone
from django.utils.translation import gettext as _

from channels_ingest.media.bare import bare, is_told_of
from channels_ingest.media.files import keep, remember
from channels_ingest.media.kinds import HEAD_BYTES
from channels_ingest.writing.models import Upload
from profiles.models import StaffMember
from timeline.files import extension_of, safe_name

_MB = 1024 * 1024
#: The largest file that can be picked, whatever the channel, and the most files of one message.
MOST_BYTES = 25 * _MB
MOST_FILES = 10
#: What one member of staff may upload within a day: a stolen session does not fill the disk.
MOST_BYTES_A_DAY = 2_000 * _MB
KEPT_DAYS = 30


class UploadError(ValueError):
    """The file is not taken; the message says why, for its sender."""


def take(content: IO[bytes], *, name: str, declared_type: str, size: int, author: StaffMember) -> Upload:
    """The file is in storage and can be named in a draft; a picture or film without where and with what it was taken.

    Raises UploadError and StorageError.
    """
    shown = safe_name(name)
    if not size:
        raise UploadError(_("%(name)s is empty.") % {"name": shown or _("The file")})
    if size > MOST_BYTES:
        said = _("%(name)s is too big: 25 MB are the most.")
        raise UploadError(said % {"name": shown or _("The file")})
    since = timezone.now() - timedelta(days=1)
    sizes = Upload.objects.filter(author=author, created_at__gt=since).values_list("size", flat=True)
    if sum(sizes) + size > MOST_BYTES_A_DAY:
        raise UploadError(_("You have uploaded very much today. Try again tomorrow."))
    kept = keep(_without_maker(content, shown), declared_type=declared_type)
    remember([kept])
    ending = extension_of(kept.mime_type)
    return Upload.objects.create(
        author=author,
        name=(shown or (f"file.{ending}" if ending else "file"))[:200],
        sha256=kept.sha256,
        size=kept.size,
        mime_type=kept.mime_type[:120],
        width=kept.width,
        height=kept.height,
    )


def _without_maker(content: IO[bytes], name: str) -> IO[bytes]:
    """What may leave the company. Raises UploadError for a damaged one: it cannot be said what it tells."""
    head = content.read(HEAD_BYTES)
    content.seek(0)
    if not is_told_of(head):
        return content
    try:
        return io.BytesIO(bare(content.read()))
    except Exception as error:  # a damaged picture raises whatever its reader stumbles over
        said = _("%(name)s is damaged: where it was taken cannot be removed from it. Save it anew and try again.")
        raise UploadError(said % {"name": name or _("The file")}) from error


def uploads_of(ids: Iterable[str], *, author: StaffMember | None = None) -> list[Upload]:
    """The uploads with these ids, in their order; with an author only theirs. What is not there is left out."""
    wanted = [found for each in ids if (found := _uuid(each))][: MOST_FILES + 1]
    rows = Upload.objects.filter(id__in=wanted)
    if author is not None:
        rows = rows.filter(author=author)
    known = {row.pk: row for row in rows}
    return [known[each] for each in dict.fromkeys(wanted) if each in known]


def own_ids(ids: Iterable[str], *, author: StaffMember) -> tuple[str, ...]:
    """The ids as they came; one that is somebody else's upload counts as gone and is empty."""
    wanted = tuple(ids)
    own = {str(upload.pk) for upload in uploads_of(wanted, author=author)}
    return tuple(each if each in own else "" for each in wanted)


def forget_old() -> int:
    """Uploads past their time are forgotten; returns how many."""
    count, _rows = Upload.objects.filter(created_at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()
    return count


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None
