"""File storage in a folder that a crash cannot leave half a file in."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage


class DurableFolder(FileSystemStorage):
    """A folder whose files are whole or absent: written under another name, flushed to disk, then renamed.

    A name is made of the content, so that writing it again changes nothing. A killed process may leave a `.new-` file.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: what is there has the same content."""
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # for this user alone
        try:
            with os.fdopen(handle, "wb") as stream:
                for chunk in content.chunks():
                    stream.write(chunk)
                stream.flush()
                os.fsync(stream.fileno())
            Path(fresh).replace(path)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise
        for folder in (path.parent, path.parent.parent):
            _flush(folder)
        return name


def _flush(folder: Path) -> None:
    """The names in the folder are on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
