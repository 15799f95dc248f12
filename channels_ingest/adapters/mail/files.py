"""The files of a mail, under names that are safe to show and to save."""

import mimetypes
import re
import unicodedata

from channels_ingest.adapters.base import clean
from channels_ingest.adapters.mail.headers import decode_words, split_head
from channels_ingest.adapters.mail.tree import Node
from channels_ingest.messages import Part

MOST_FILES = 100
LONGEST_NAME = 120
_MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_FORBIDDEN = re.compile(r'[<>:"|?*\\/]+')
_CONTENT_ID = re.compile(rb"<?([^<>\s]{1,250})>?")


def file_part(node: Node, role: str, number: int) -> Part:
    """A part of the mail as a file; `number` names it when it has no name."""
    mime_type = safe_type(node.mime_type)
    match = _CONTENT_ID.search(node.headers.first("content-id"))
    return Part(
        role=role,
        name=safe_name(decode_words(node.filename), mime_type, number),
        mime_type=mime_type,
        content=node.content,
        content_id=clean(match[1].decode("utf-8", "replace")) if match else "",
    )


def forwarded_part(node: Node, number: int) -> Part:
    """A mail within the mail, as a file named by its subject."""
    content = node.content
    headers, _ = split_head(content[:100_000])
    name = decode_words(node.filename) or f"{headers.text('subject') or f'mail-{number}'}.eml"
    return Part(
        role="attachment", name=safe_name(name, "message/rfc822", number), mime_type="message/rfc822", content=content
    )


def safe_type(mime_type: str) -> str:
    """The type if it is spelled like one: it becomes a header of ours one day."""
    mime_type = mime_type.strip().lower().partition(";")[0].strip()
    return mime_type if _MIME_TYPE.fullmatch(mime_type) else "application/octet-stream"


def safe_name(name: str, mime_type: str, number: int) -> str:
    """A file name without folders, controls or letters that turn the reading direction (`a\\u202egpj.exe`)."""
    name = re.split(r"[\\/]", clean(name))[-1]
    kept = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in _UNSAFE)
    kept = " ".join(_FORBIDDEN.sub("_", kept).split()).strip(" .")
    if not kept:
        return f"file-{number}{mimetypes.guess_extension(mime_type) or ''}"
    if len(kept) > LONGEST_NAME:
        stem, dot, extension = kept.rpartition(".")
        extension = dot + extension if dot and len(extension) <= 10 else ""
        kept = (stem if extension else kept)[: LONGEST_NAME - len(extension)] + extension
    return kept


_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
