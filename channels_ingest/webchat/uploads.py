"""Files of visitors: into file storage at once, to the agents with the message that names them.

A stranger sends them, so only pictures and PDFs by their own bytes are taken, few and not large. What an agent sees of
a picture is encoded anew (`media.serving`), without what a camera wrote into it.
"""

import io
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from channels_ingest.adapters.base import clean
from channels_ingest.media.files import keep, remember
from channels_ingest.media.kinds import HEAD_BYTES, type_of_bytes
from channels_ingest.webchat.models import ChatUpload, ChatVisitor
from timeline.files import PICTURES, attachment_type, extension_of, safe_name

_MB = 1024 * 1024
MOST_BYTES = 10 * _MB
#: Of one message, and what one visitor and all of a chat together may send within a day.
MOST_FILES = 5
MOST_BYTES_OF_VISITOR, MOST_BYTES_OF_CHAT = 50 * _MB, 2_000 * _MB
TAKEN = PICTURES | {"application/pdf"}
#: Named in no message by then, it is forgotten.
LIFE = timedelta(days=1)


class UploadError(ValueError):
    """The file is not taken; `is_too_much` says that a smaller one, or a later one, may be."""

    def __init__(self, reason: str, *, is_too_much: bool = False) -> None:
        super().__init__(reason)
        self.is_too_much = is_too_much


def take(visitor: ChatVisitor, content: bytes, *, name: str) -> ChatUpload:
    """The file is in storage and can be named in a message. Raises UploadError and StorageError."""
    if not content:
        raise UploadError("expected a file, got nothing")
    if len(content) > MOST_BYTES:
        raise UploadError(f"expected at most {MOST_BYTES:,} bytes", is_too_much=True)
    mime_type = type_of_bytes(content[:HEAD_BYTES])
    if mime_type not in TAKEN:
        raise UploadError("expected a picture (JPEG, PNG, GIF, WebP) or a PDF")
    today = ChatUpload.objects.filter(created_at__gt=timezone.now() - timedelta(days=1))
    for of, most in (
        ({"visitor": visitor}, MOST_BYTES_OF_VISITOR),
        ({"visitor__account_id": visitor.account_id}, MOST_BYTES_OF_CHAT),
    ):
        if (today.filter(**of).aggregate(size=Sum("size"))["size"] or 0) + len(content) > most:
            raise UploadError("too many files today", is_too_much=True)
    kept = keep(io.BytesIO(content), declared_type=mime_type)
    if kept.mime_type in PICTURES and not kept.width:
        raise UploadError("expected a picture that can be read")
    remember([kept])
    return ChatUpload.objects.create(
        visitor=visitor,
        name=(safe_name(clean(name)) or f"file.{extension_of(kept.mime_type)}")[:200],
        file=kept.as_detail(),
        size=kept.size,
    )


def attachments_of(visitor: ChatVisitor, ids: Iterable[str]) -> list[dict[str, Any]]:
    """What a message says of these files, in their order. Raises UploadError for one that is not this visitor's."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_FILES:
        raise UploadError(f"upload_ids: expected at most {MOST_FILES}")
    numbers = [_uuid(each) for each in wanted]
    known = {row.pk: row for row in ChatUpload.objects.filter(visitor=visitor, id__in=[n for n in numbers if n])}
    if any(number not in known for number in numbers):
        raise UploadError("upload_ids: expected ids that /chat/v1/uploads gave to this visitor within a day")
    return [_told(known[number]) for number in numbers if number]


def forget_old() -> int:
    """Uploads past their time are gone; messages say themselves which files they have. Returns how many."""
    return ChatUpload.objects.filter(created_at__lt=timezone.now() - LIFE).delete()[0]


def _told(upload: ChatUpload) -> dict[str, Any]:
    mime_type = upload.file["mime_type"]
    told = {"type": attachment_type(mime_type), "mime_type": mime_type, "name": upload.name}
    return told | {"state": "stored", "file": upload.file}


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
