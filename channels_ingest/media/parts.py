"""Contents that came inside a delivery: into file storage, and out of the message that goes to the database."""

import io
import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from channels_ingest.media.files import Kept, StorageError, keep
from channels_ingest.media.kinds import MOST_MAIL_BYTES
from channels_ingest.messages import Located, Message, Part
from timeline.files import UNSTORED, attachment_type, safe_name

#: Parts of one message that are kept; a mail with more is an attack or a mistake, and its envelope still has them.
MOST_PARTS = 200
_REMOTE_PICTURE = re.compile(rb"<img\b[^<>]{0,2000}?\bsrc\s*=\s*[\"']?\s*(?:https?:)?//", re.I)


def unpack(items: Sequence[Located], kept: list[Kept]) -> list[Located]:
    """The items with their parts told in `detail` instead of carried along; what is now in storage is added to `kept`.

    Nothing here touches the database. A part that could not be stored is `unstored` and never holds up the text.
    """
    unpacked = []
    for located in items:
        item = located.item
        if isinstance(item, Message) and item.parts:
            located = replace(located, item=_unpacked(item, kept))  # noqa: PLW2901
        unpacked.append(located)
    return unpacked


def _unpacked(message: Message, kept: list[Kept]) -> Message:
    detail = dict(message.detail)
    attachments = list(detail.get("attachments") or [])
    for number, part in enumerate(message.parts):
        stored, facts = _store(part) if number < MOST_PARTS else (None, {"state": "refused"})
        if stored:
            kept.append(stored)
        if part.role == "html":
            detail["html"] = {"part": number, **facts, **_html_facts(part)}
        else:
            attachments.append(_attachment(part, number) | facts)
    if attachments:
        detail["attachments"] = attachments
    return replace(message, detail=detail, parts=())


def _attachment(part: Part, number: int) -> dict[str, Any]:
    """What the sender said of the part."""
    told: dict[str, Any] = {
        "type": attachment_type(part.mime_type.partition(";")[0].strip().lower()),
        "mime_type": part.mime_type[:120],
        "name": safe_name(part.name),
        "part": number,
    }
    if part.content_id:
        told["content_id"] = part.content_id[:255]
    return told | ({"inline": True} if part.role == "inline" else {})


def _html_facts(part: Part) -> dict[str, Any]:
    return {"has_remote_pictures": True} if _REMOTE_PICTURE.search(part.content) else {}


def _store(part: Part) -> tuple[Kept | None, dict[str, Any]]:
    """The content in storage, and what the entry says of it."""
    if len(part.content) > MOST_MAIL_BYTES:
        return None, {"state": "too_big"}
    declared = "text/html" if part.role == "html" else part.mime_type
    try:
        stored = keep(io.BytesIO(part.content), declared_type=declared)
    except StorageError:
        return None, {"state": UNSTORED}
    facts: dict[str, Any] = {"state": "stored", "file": stored.as_detail()}
    return stored, facts if part.role == "html" else facts | {"type": attachment_type(stored.mime_type)}
