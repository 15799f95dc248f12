"""Contents in file storage, each once: named by their SHA-256, on disk before any row speaks of them."""

import hashlib
import io
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import Storage, storages

from channels_ingest.media.kinds import HEAD_BYTES, type_of_bytes
from channels_ingest.media.pictures import size_of
from channels_ingest.models import StoredFile
from timeline.files import PICTURES

log = logging.getLogger("cxhub.media")

_CHUNK_BYTES = 256 * 1024


class StorageError(Exception):
    """The file could not be stored or read: a full disk, a storage that is away. Trying again later may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A content that is in storage. Width and height are those of a picture as it is looked at, 0 for anything else."""

    sha256: str
    size: int
    mime_type: str
    width: int = 0
    height: int = 0

    def as_detail(self) -> dict[str, Any]:
        """What an entry says of its file."""
        detail: dict[str, Any] = {"sha256": self.sha256, "size": self.size, "mime_type": self.mime_type}
        return detail | ({"width": self.width, "height": self.height} if self.width else {})


def keep(content: IO[bytes], *, declared_type: str = "") -> Kept:
    """The content is in storage; raises StorageError. Its row is `remember`'s: a file without one is harmless."""
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    head = content.read(HEAD_BYTES)
    content.seek(0)
    while chunk := content.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    sha256 = digest.hexdigest()
    mime_type = type_of_bytes(head, declared_type)
    width, height = size_of(content) if mime_type in PICTURES else (0, 0)
    put(name_of(sha256), content, size=size)
    return Kept(sha256=sha256, size=size, mime_type=mime_type, width=width, height=height)


def put(name: str, content: IO[bytes], *, size: int) -> None:
    """The storage holds `content` under a name that is made of it. Raises StorageError."""
    storage = _storage()
    try:
        if storage.exists(name) and storage.size(name) == size:
            return
        content.seek(0)
        storage.save(name, File(content, name=name))
    except Exception as error:  # each kind of storage has errors of its own
        log.error("file not stored", extra={"fault": type(error).__name__})
        raise StorageError(type(error).__name__) from error


def put_quietly(name: str, content: bytes) -> None:
    """The storage holds `content`, unless it cannot: what can be made again need not be kept."""
    try:
        put(name, io.BytesIO(content), size=len(content))
    except StorageError:
        return


def open_content(name: str) -> IO[bytes] | None:
    """What the storage holds under `name`, None if there is nothing. Raises StorageError when it is away."""
    storage = _storage()
    try:
        return storage.open(name, "rb") if storage.exists(name) else None
    except FileNotFoundError:
        return None
    except Exception as error:
        log.error("file not read", extra={"fault": type(error).__name__})
        raise StorageError(type(error).__name__) from error


def path_of(name: str) -> str:
    """Where the file is on this machine; empty when the storage is no folder."""
    try:
        return str(_storage().path(name))
    except NotImplementedError:
        return ""


def remember(kept: Iterable[Kept]) -> None:
    """Each content has its row.

    Sorted, and called before any other lock of the transaction is taken, so that two of them never wait crosswise.
    """
    unique = {each.sha256: each for each in kept}
    rows = [
        StoredFile(sha256=each.sha256, size=each.size, mime_type=each.mime_type[:120])
        for _, each in sorted(unique.items())
    ]
    if rows:
        StoredFile.objects.bulk_create(rows, ignore_conflicts=True)


def name_of(sha256: str) -> str:
    """Where a content lies: two levels of folders keep each of them small."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _storage() -> Storage:
    return storages["media"]
