"""The files of a message as an agent sees them: shown, played or offered, or why they are not here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _

from timeline.files import UNSTORED, extension_of, safe_name, shown_as
from timeline.media_links import HTML_PLACE, MediaLink, Variant, media_url
from timeline.showing.contents import dicts_of
from timeline.showing.wording import type_of

#: The box a picture is shown in, in CSS pixels.
SHOWN_SIDE = 320
#: Pictures within a mail's text up to this side are logos and rules: they stand in the formatted text only.
DECORATION_SIDE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file the customer or the business sent. `note` says its format and size, or why it is not here.

    `shown` is picture, sound or film when the page shows it, with the addresses it needs; `save` offers it as it came.
    """

    icon: str
    word: str
    name: str
    note: str
    shown: str = ""
    thumbnail: str = ""
    full: str = ""
    play: str = ""
    save: str = ""
    width: int = 0
    height: int = 0
    is_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatted:
    """The HTML form of a mail's text; `with_pictures` is empty when it has none from elsewhere."""

    address: str
    with_pictures: str
    frame: str


def attachments_of(detail: Mapping[str, Any], channel_word: str, *, entry_id: int = 0) -> list[Attachment]:
    """Every attachment but a mail's decoration. Nothing here trusts the shape of `detail`."""
    parts = enumerate(dicts_of(detail.get("attachments")))
    return [_attachment(part, number, channel_word, entry_id) for number, part in parts if not _is_decoration(part)]


def formatted_of(detail: Mapping[str, Any], entry_id: int) -> Formatted | None:
    """The formatted text, when it is stored."""
    html = detail.get("html")
    if not isinstance(html, dict) or html.get("state") != "stored":
        return None
    has_remote = html.get("has_remote_pictures") is True
    return Formatted(
        address=_address(entry_id, HTML_PLACE, Variant.HTML),
        with_pictures=_address(entry_id, HTML_PLACE, Variant.PICTURES) if has_remote else "",
        frame=f"mail-{entry_id}",
    )


def with_links(detail: Mapping[str, Any], entry_id: int) -> Mapping[str, Any]:
    """`detail` with a short-lived `url` in each stored attachment, for a caller of the API who may read the entry."""
    attachments = detail.get("attachments")
    if not isinstance(attachments, list):
        return detail
    return {**detail, "attachments": [_with_link(part, number, entry_id) for number, part in enumerate(attachments)]}


def _with_link(part: Any, number: int, entry_id: int) -> Any:
    if not isinstance(part, dict) or part.get("state") != "stored":
        return part
    ending = extension_of(str(_file_of(part).get("mime_type") or ""))
    return {**part, "url": media_url(MediaLink(entry_id, str(number), Variant.FILE), ending=ending)}


def _attachment(part: Mapping[str, Any], number: int, channel_word: str, entry_id: int) -> Attachment:
    icon, word = type_of(str(part.get("type") or "document"), is_voice=part.get("voice") is True)
    name = safe_name(str(part.get("name") or ""))
    file = _file_of(part)
    is_stored = part.get("state") == "stored" and bool(file)
    mime_type = str((file if is_stored else part).get("mime_type") or "").partition(";")[0].strip().lower()
    notes = [word if name else "", _format_of(mime_type), "" if is_stored else _why_missing(part, channel_word)]
    if not is_stored:
        return Attachment(icon=icon, word=word, name=name, note=_joined(notes), is_missing=True)
    size = file.get("size")
    notes.append(filesizeformat(size) if isinstance(size, int) else "")
    shown = shown_as(mime_type)
    width, height = _fitted(file) if shown == "picture" else (0, 0)
    place = str(number)
    return Attachment(
        icon=icon,
        word=word,
        name=name,
        note=_joined(notes),
        shown="" if shown == "picture" and not width else shown,
        thumbnail=_address(entry_id, place, Variant.THUMBNAIL) if width else "",
        full=_address(entry_id, place, Variant.FULL) if width else "",
        play=_address(entry_id, place, Variant.PLAY) if shown in ("sound", "film") else "",
        save=_address(entry_id, place, Variant.FILE),
        width=width,
        height=height,
    )


def _why_missing(part: Mapping[str, Any], channel_word: str) -> str:
    """Why the content is not here, in words."""
    state = part.get("state")
    if state is None and (part.get("provider_media_id") or part.get("link")):
        said = _("Fetching from %(channel)s…")
    else:
        said = {
            "gone": _("Not available any more at %(channel)s"),
            "too_big": _("Too big to be kept here"),
            "refused": _("Refused: it is not kept at an address the hub may ask"),
            "no_access": _("Still at %(channel)s: the line has no key to fetch it"),
            UNSTORED: _("Waits for room in the hub's file storage"),
            "failed": _("Could not be fetched from %(channel)s"),
        }.get(str(state), _("Stored at %(channel)s"))
    return said % {"channel": channel_word}


def _is_decoration(part: Mapping[str, Any]) -> bool:
    if part.get("inline") is not True:
        return False
    width, height = _size_of(_file_of(part))
    return 0 < min(width, height) <= DECORATION_SIDE


def _fitted(file: Mapping[str, Any]) -> tuple[int, int]:
    """The size a picture is shown at; zeros when it cannot be shown."""
    width, height = _size_of(file)
    scale = min(1.0, SHOWN_SIDE / max(width, height, 1))
    return (max(1, round(width * scale)), max(1, round(height * scale))) if width and height else (0, 0)


def _size_of(file: Mapping[str, Any]) -> tuple[int, int]:
    width, height = file.get("width"), file.get("height")
    return (width, height) if isinstance(width, int) and isinstance(height, int) else (0, 0)


def _file_of(part: Mapping[str, Any]) -> Mapping[str, Any]:
    file = part.get("file")
    return file if isinstance(file, dict) else {}


def _format_of(mime_type: str) -> str:
    """The format as people call it: the usual ending, or the type's own word."""
    return (extension_of(mime_type) or mime_type.rpartition("/")[2].removeprefix("x-").partition(".")[0]).upper()[:8]


def _joined(notes: list[str]) -> str:
    return " · ".join(note for note in notes if note)


def _address(entry_id: int, place: str, variant: Variant) -> str:
    return reverse("entry-file", args=[entry_id, place, variant])
