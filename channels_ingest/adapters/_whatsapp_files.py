"""Files that WhatsApp Cloud sends: handed to Meta first, then named in the message by Meta's id.

Meta, "Cloud API: Media" (read 2026-03): which types, and how large. A message carries one file; picture, film and
document take a caption, sound does not.
"""

import hashlib
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.mail.writing import multipart_form
from channels_ingest.adapters.reading import as_word
from channels_ingest.adapters.sending import (
    Accepted,
    Answer,
    CannotSendError,
    FileRules,
    HttpRequest,
    Outcome,
    OutgoingFile,
    Unclear,
)
from channels_ingest.adapters.words import gettext_noop

_MB = 1024 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOCUMENTS = (
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    f"{_OFFICE}wordprocessingml.document",
    f"{_OFFICE}spreadsheetml.sheet",
    f"{_OFFICE}presentationml.presentation",
    "text/plain",
)
_SOUNDS = ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")
_FILMS = ("video/mp4", "video/3gpp")
_PICTURES = ("image/jpeg", "image/png")
LONGEST_CAPTION = 1_024

RULES = FileRules(
    most_bytes=MappingProxyType(
        {
            **dict.fromkeys(_PICTURES, 5 * _MB),
            **dict.fromkeys((*_SOUNDS, *_FILMS), 16 * _MB),
            **dict.fromkeys(_DOCUMENTS, 25 * _MB),  # Meta takes 100 MB, the hub's reply box does not
        }
    ),
    takes=gettext_noop("WhatsApp takes JPEG, PNG, MP4, MP3, OGG, PDF, Office files and plain text."),
    per_message=1,
    captioned=(*_PICTURES, *_FILMS, *_DOCUMENTS),
    longest_caption=LONGEST_CAPTION,
)


def content_of(file: OutgoingFile, text: str) -> dict[str, Any]:
    """The part of the message that names the file. Raises CannotSendError for one without an id."""
    if not file.handle:
        raise CannotSendError(gettext_noop("WhatsApp was not given the file"))
    kind = _kind(file.mime_type)
    told: dict[str, Any] = {"id": file.handle}
    if kind == "document":
        told["filename"] = file.name[:240] or "file"
    if text:
        if kind == "audio":
            raise CannotSendError(gettext_noop("WhatsApp sends sound without a text"))
        told["caption"] = text[:LONGEST_CAPTION]
    return {"type": kind, kind: told}


def _kind(mime_type: str) -> str:
    if mime_type in _PICTURES:
        return "image"
    if mime_type in _FILMS:
        return "video"
    return "audio" if mime_type in _SOUNDS else "document"


def render_upload(file: OutgoingFile, account: AccountSettings, number_id: str, api_url: str) -> HttpRequest:
    """The call that hands the file to Meta, who keeps it for thirty days."""
    token = next((value for value in account.secrets.get("access_token", ()) if value), "")
    boundary = f"hub{hashlib.sha256(file.content).hexdigest()[:32]}"
    fields = {"messaging_product": "whatsapp", "type": file.mime_type}
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return HttpRequest(
        method="POST",
        url=f"{api_url}/{quote(number_id, safe='')}/media",
        headers=headers | ({"authorization": f"Bearer {token}"} if token else {}),
        body=multipart_form(fields, file=("file", file.content, file.mime_type), boundary=boundary),
    )


def uploaded(answer: Answer) -> Outcome | None:
    """The id Meta gives the file; None where the answer is an error to be read as every other."""
    if answer.status != 200:
        return None
    handle = as_word(answer.said().get("id"))
    return Accepted(provider_message_id=handle) if handle else Unclear(reason=gettext_noop("WhatsApp gave it no id"))
