"""Files and spam verdicts as providers hand them on that have taken the mail apart themselves."""

from channels_ingest.adapters.mail.files import safe_name, safe_type
from channels_ingest.messages import Part


def handed_file(name: str, mime_type: str, content: bytes, *, number: int, content_id: str = "") -> Part:
    """A file of the mail; one that the HTML names by its content id is inline."""
    mime_type = safe_type(mime_type)
    content_id = content_id.strip().strip("<>")[:250]
    return Part(
        role="inline" if content_id else "attachment",
        name=safe_name(name, mime_type, number),
        mime_type=mime_type,
        content=content,
        content_id=content_id,
    )
