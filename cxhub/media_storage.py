"""Where files of messages are kept, as the environment says it: a folder, or an S3-compatible bucket."""

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

VARIABLE = "CXHUB_MEDIA_STORAGE"
EXPECTED = "an absolute folder, or s3://BUCKET/PREFIX?region=REGION&endpoint=https://HOST"
# Bucket names as S3 itself allows them ("General purpose bucket naming rules").
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
_OPTIONS = {"region": "region_name", "endpoint": "endpoint_url"}


class StorageSettingError(ValueError):
    """The storage cannot be used; the message says what came, without credentials."""


@dataclass(frozen=True, slots=True)
class MediaStorage:
    """One entry of Django's STORAGES."""

    backend: str
    options: Mapping[str, object]

    def as_django(self) -> dict[str, object]:
        """The entry."""
        return {"BACKEND": self.backend, "OPTIONS": dict(self.options)}


def parse_media_storage(text: str, *, default_folder: Path) -> MediaStorage:
    """The storage `text` names, the default folder if it is empty. Raises StorageSettingError."""
    if not text:
        return _folder(default_folder)
    if text.startswith("/"):
        return _folder(Path(text))
    if not text.startswith("s3://"):
        raise StorageSettingError("something that is neither")
    return _bucket(text)


def _folder(path: Path) -> MediaStorage:
    return MediaStorage(
        "channels_ingest.media.folder.DurableFolder",
        {"location": str(path), "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    )


def _bucket(url: str) -> MediaStorage:
    """An S3 bucket. Its keys come as boto takes them (AWS_ACCESS_KEY_ID and so on), so that none stands in an URL."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise StorageSettingError("credentials in the URL; they belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if not _BUCKET.fullmatch(parts.netloc):
        raise StorageSettingError("an URL without a bucket's name")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(given.keys() - _OPTIONS.keys()):
        raise StorageSettingError(f"the option {unknown[0][:40]!r}; there are region and endpoint")
    endpoint = given.get("endpoint", "https://")
    if not endpoint.startswith("https://") and not re.match(r"http://(127\.0\.0\.1|localhost)[:/]", endpoint):
        raise StorageSettingError("an endpoint that is not https")
    if importlib.util.find_spec("storages") is None or importlib.util.find_spec("boto3") is None:
        raise StorageSettingError('an S3 bucket, and its library is missing: pip install "django-storages[s3]"')
    options: dict[str, object] = {
        "bucket_name": parts.netloc,
        "location": unquote(parts.path.strip("/")),
        "file_overwrite": True,  # a name is made of the content, so that there is nothing to keep apart
        "default_acl": None,  # the bucket's own, which is private
    }
    return MediaStorage(
        "storages.backends.s3.S3Storage", options | {_OPTIONS[name]: value for name, value in given.items()}
    )
