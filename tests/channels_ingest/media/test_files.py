"""Contents are kept once, whole or not at all."""

import io
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import storages

from channels_ingest.media import files
from channels_ingest.media.files import Kept, StorageError, keep, open_content, remember
from channels_ingest.models import StoredFile
from tests.channels_ingest.media.drawing import phone_photo, picture

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def folder() -> Path:
    return Path(storages["media"].location)  # type: ignore[attr-defined]


def names() -> list[str]:
    return sorted(str(p.relative_to(folder())) for p in folder().rglob("*") if p.is_file())


def test_content_lies_under_its_hash_for_this_user_alone() -> None:
    kept = keep(io.BytesIO(b"hello"), declared_type="text/csv")
    assert kept == Kept(sha256=HELLO, size=5, mime_type="text/csv")
    assert names() == [f"2c/f2/{HELLO}"]
    path = folder() / "2c" / "f2" / HELLO
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"hello"


@pytest.mark.django_db
def test_same_content_is_kept_once() -> None:
    first, second = keep(io.BytesIO(b"hello")), keep(io.BytesIO(b"hello"))
    remember([first, second])
    remember([second])
    assert list(StoredFile.objects.values_list("sha256", "size", "mime_type")) == [(HELLO, 5, "text/plain")]
    assert names() == [f"2c/f2/{HELLO}"]


def test_picture_tells_its_size_as_it_is_looked_at() -> None:
    assert keep(io.BytesIO(picture("PNG", (60, 40)))).as_detail()["width"] == 60
    turned = keep(io.BytesIO(phone_photo()))
    assert (turned.width, turned.height) == (600, 800)


def test_damaged_picture_has_no_size() -> None:
    kept = keep(io.BytesIO(picture("PNG")[:30]))
    assert (kept.mime_type, kept.width, kept.height) == ("image/png", 0, 0)


def test_cut_file_is_written_again() -> None:
    kept = keep(io.BytesIO(b"hello"))
    (folder() / "2c" / "f2" / HELLO).write_bytes(b"he")
    keep(io.BytesIO(b"hello"))
    content = open_content(files.name_of(kept.sha256))
    assert content is not None
    with content:
        assert content.read() == b"hello"


def test_storage_that_cannot_be_written_is_an_error_of_its_own(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("no folder")
    media = settings.STORAGES["media"]
    options = {**media["OPTIONS"], "location": str(tmp_path / "a-file" / "media")}
    settings.STORAGES = {**settings.STORAGES, "media": {**media, "OPTIONS": options}}
    with pytest.raises(StorageError, match="NotADirectoryError"):
        keep(io.BytesIO(b"hello"))


_KILLED_WHILE_WRITING = """
import os, signal, sys
import django; django.setup()
from django.core.files import File
from channels_ingest.media.folder import DurableFolder
class Halfway(File):
    def __init__(self): pass
    def chunks(self, chunk_size=None):
        yield b"half"
        os.kill(os.getpid(), signal.SIGKILL)
DurableFolder(location=sys.argv[1])._save("ab/cd/abcd", Halfway())
"""


def test_killed_process_leaves_no_half_file_under_the_name(tmp_path: Path) -> None:
    environ = {**os.environ, "SECRET_KEY": django_settings.SECRET_KEY}
    done = subprocess.run([sys.executable, "-c", _KILLED_WHILE_WRITING, str(tmp_path / "m")], env=environ, check=False)
    assert done.returncode == -9
    assert not (tmp_path / "m/ab/cd/abcd").exists()
    assert [p.name[:5] for p in (tmp_path / "m/ab/cd").iterdir()] == [".new-"]
