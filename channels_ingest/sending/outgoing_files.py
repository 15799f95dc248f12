"""The files of a message of ours: whether its line takes them, what the entry says of them, how they go along."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from channels_ingest.adapters.sending import CannotSendError, FileRules, OutgoingFile, TakesFiles
from channels_ingest.media.files import name_of, open_content
from channels_ingest.sending.guards import Closed
from channels_ingest.sending.lines import SendingLine
from channels_ingest.sending.models import OutboxMessage
from channels_ingest.writing.models import Upload
from channels_ingest.writing.uploads import MOST_FILES
from timeline.files import attachment_type, extension_of
from timeline.media_links import MediaLink, Variant, media_url

#: For so long a provider may fetch a file of ours: it may be asked to send the message anew within a day.
FETCH_SECONDS = 48 * 3_600
_MB = 1024 * 1024
#: Where the customer reads the hub's own record: a link for each file.
OWN_RULES = FileRules(most_bytes={"": 25 * _MB})


def rules_of(line: SendingLine) -> FileRules:
    """What the line takes."""
    if line.adapter is None:
        return OWN_RULES
    if not isinstance(line.adapter, TakesFiles):
        return FileRules(refusal=_("This line sends no files."))
    rules = line.adapter.file_rules(line.settings)
    if rules.fetches and not rules.refusal and not line.is_simulated and not _is_reachable():
        said = _("This provider fetches files from the hub, whose address nobody outside can reach (PUBLIC_BASE_URL).")
        return FileRules(refusal=said)
    return rules


def file_fault(line: SendingLine, uploads: Sequence[Upload], *, wanted: int) -> Closed | None:
    """Why these files cannot go in one message of the line; `wanted` is how many were asked for."""
    if wanted > MOST_FILES:
        return Closed("files", _("A message takes %(most)d files at most.") % {"most": MOST_FILES})
    if len(uploads) != wanted:
        return Closed("files_gone", _("A file is not here any more. Add it again."))
    rules = rules_of(line)
    reason = next((said for upload in uploads if (said := fault_of(upload.mime_type, upload.size, rules))), "")
    if not reason and len(uploads) > rules.per_message:
        reason = _("A message takes %(most)d files at most.") % {"most": rules.per_message}
    if not reason and sum(upload.size for upload in uploads) > rules.total_bytes:
        most = filesizeformat(rules.total_bytes)
        reason = _("Together the files are too big: %(most)s are the most.") % {"most": most}
    return Closed("files", reason) if reason else None


def fault_of(mime_type: str, size: int, rules: FileRules) -> str:
    """Why the line does not take such a file, in words; empty if it does."""
    if rules.refusal:
        return _(rules.refusal)
    most = most_of(mime_type, rules)
    if most is None:
        kind = (extension_of(mime_type) or mime_type).upper()
        return _("%(kind)s files are not taken here: %(takes)s") % {"kind": kind, "takes": _(rules.takes)}
    if size > most:
        return _("The file is too big for this channel: %(most)s are the most.") % {"most": filesizeformat(most)}
    return ""


def most_of(mime_type: str, rules: FileRules) -> int | None:
    """The most bytes of a file of this type; None if it is not taken."""
    half = mime_type.partition("/")[0] + "/"
    return next((rules.most_bytes[word] for word in (mime_type, half, "") if word in rules.most_bytes), None)


def attachments_of(uploads: Sequence[Upload]) -> list[dict[str, Any]]:
    """What the entry says of its files."""
    return [_told(upload) for upload in uploads]


def _told(upload: Upload) -> dict[str, Any]:
    file: dict[str, Any] = {"sha256": upload.sha256, "size": upload.size, "mime_type": upload.mime_type}
    if upload.width:
        file |= {"width": upload.width, "height": upload.height}
    kind = attachment_type(upload.mime_type)
    return {"type": kind, "mime_type": upload.mime_type, "name": upload.name, "state": "stored", "file": file}


def outgoing_files(message: OutboxMessage, line: SendingLine) -> tuple[OutgoingFile, ...]:
    """The files as the adapter takes them. Raises CannotSendError for one that is gone, StorageError."""
    found = message.entry.detail.get("attachments")
    parts = [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []
    needs_content = not (rules_of(line).fetches if parts else False)
    return tuple(_outgoing(message.entry_id, n, part, needs_content=needs_content) for n, part in enumerate(parts))


def _outgoing(entry_id: int, number: int, part: Mapping[str, Any], *, needs_content: bool) -> OutgoingFile:
    file: Mapping[str, Any] = part.get("file") or {}
    mime_type = str(file.get("mime_type") or "application/octet-stream")
    link = MediaLink(entry_id, str(number), Variant.HANDED)
    return OutgoingFile(
        name=str(part.get("name") or ""),
        mime_type=mime_type,
        content=_content(str(file.get("sha256"))) if needs_content else b"",
        link=media_url(link, ending=extension_of(mime_type), seconds=FETCH_SECONDS),
    )


def _content(sha256: str) -> bytes:
    stream = open_content(name_of(sha256))
    if stream is None:
        raise CannotSendError(_("a file of the message is not in storage any more"))
    with stream:
        return stream.read()


def _is_reachable() -> bool:
    """Whether a provider may be able to fetch from the hub's address."""
    parts = urlsplit(str(settings.MEDIA_LINKS_URL))
    return parts.scheme == "https" and parts.hostname not in (None, "localhost", "127.0.0.1", "::1")
