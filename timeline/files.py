"""What a page may show of a file, and under which name it is offered. Pure; the name came from a stranger."""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

#: Pictures that are shown, re-encoded. Every other type, SVG above all, is a download.
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
#: Pictures that no browser here decodes: downloads, without what they tell of their maker.
OTHER_PICTURES = frozenset({"image/heic", "image/avif"})
#: What a player of the page may play as it came: containers without scripts, whatever is in them.
SOUNDS = frozenset({"audio/mpeg", "audio/ogg", "audio/mp4", "audio/aac", "audio/wav", "audio/webm"})
FILMS = frozenset({"video/mp4", "video/webm", "video/3gpp"})

#: Documents that no browser runs: they may be handed on under their own type. HTML and SVG are not among them.
DOCUMENTS = frozenset(
    {
        "application/pdf",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "text/plain",
        "text/csv",
        "text/calendar",
        "text/vcard",
        "audio/amr",
    }
)

LONGEST_NAME = 160
#: The state of a file that came, found no room in the storage, and is tried again.
UNSTORED = "unstored"
_EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "image/jpeg": "jpg",
        "image/png": "png",
        "image/gif": "gif",
        "image/webp": "webp",
        "image/heic": "heic",
        "image/avif": "avif",
        "image/svg+xml": "svg",
        "audio/mpeg": "mp3",
        "audio/ogg": "ogg",
        "audio/mp4": "m4a",
        "audio/aac": "aac",
        "audio/wav": "wav",
        "audio/webm": "weba",
        "audio/amr": "amr",
        "video/mp4": "mp4",
        "video/webm": "webm",
        "video/3gpp": "3gp",
        "application/pdf": "pdf",
        "application/zip": "zip",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
        "text/plain": "txt",
        "text/csv": "csv",
        "text/html": "html",
        "text/calendar": "ics",
        "text/vcard": "vcf",
        "application/vnd.microsoft.portable-executable": "exe",
    }
)
#: Joiners stay: Persian and Indian scripts and emoji are written with them.
_JOINERS = "\u200c\u200d"
_UNUSABLE = re.compile(r'[<>:"|?*\\/]')


def shown_as(mime_type: str) -> str:
    """How a page shows the file: `picture`, `sound`, `film`, or empty for a download."""
    if mime_type in PICTURES:
        return "picture"
    if mime_type in SOUNDS:
        return "sound"
    return "film" if mime_type in FILMS else ""


def attachment_type(mime_type: str) -> str:
    """The provider-free content type of a file that came without one: image, audio, video or document."""
    if mime_type == "audio/amr":
        return "audio"
    return {"picture": "image", "sound": "audio", "film": "video"}.get(shown_as(mime_type), "document")


def extension_of(mime_type: str) -> str:
    """The usual ending for a type, without its dot; empty for one that has none here."""
    return _EXTENSIONS.get(mime_type.partition(";")[0].strip().lower(), "")


def safe_name(name: str) -> str:
    """The last part of a file's name, as it reads: no folders, no marks that turn or hide what follows.

    Long ones keep their ending, since it says what will open the file.
    """
    last = re.split(r"[\\/]", name)[-1]
    visible = "".join(c for c in unicodedata.normalize("NFC", last) if c in _JOINERS or not _is_hidden(c))
    spaced = " ".join(visible.split()).strip(". ") if set(visible) - {".", " "} else ""
    if len(spaced) <= LONGEST_NAME:
        return spaced
    stem, dot, ending = spaced.rpartition(".")
    ending = f"{dot}{ending}" if stem and len(ending) <= 12 else ""
    return spaced[: LONGEST_NAME - len(ending) - 1] + "…" + ending


def download_name(name: str, mime_type: str, *, otherwise: str) -> str:
    """The name a browser saves the file under: the sender's, made harmless, or `otherwise` with its usual ending."""
    safe = _UNUSABLE.sub("_", safe_name(name)).lstrip("-~")
    if safe:
        return safe
    ending = extension_of(mime_type)
    return f"{otherwise}.{ending}" if ending else otherwise


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
