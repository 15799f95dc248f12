"""Files of WhatsApp messages: Meta tells by a media id where a file is, for five minutes.

Meta, "Media" (read 2026-03): GET /{media id} answers `url`, which needs the same token; an id from a webhook lives for
seven days. An object that does not exist, or not for this token, is error 100 with status 400.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from channels_ingest.adapters.base import AccountSettings, PayloadError, read_json
from channels_ingest.adapters.fetching import MediaGoneError, MediaRequest
from channels_ingest.adapters.reading import as_object, as_word
from channels_ingest.adapters.sending import Answer

#: The Graph API itself, and where it keeps files.
MEDIA_HOSTS = ("facebook.com", "fbsbx.com", "whatsapp.net")
_NO_SUCH_OBJECT = 100


def media_request(attachment: Mapping[str, Any], account: AccountSettings, api_url: str) -> MediaRequest | None:
    """The look-up of a media id."""
    media_id = as_word(attachment.get("provider_media_id"))
    if not media_id:
        return None
    return MediaRequest(url=f"{api_url}/{quote(media_id, safe='')}", headers=_token(account), is_lookup=True)


def media_found(answer: Answer, account: AccountSettings) -> MediaRequest | None:
    """The file, as the look-up says it. Raises MediaGoneError."""
    try:
        told = read_json(answer.body)
    except PayloadError:
        return None
    if as_object(told.get("error")).get("code") == _NO_SUCH_OBJECT:
        raise MediaGoneError
    url = told.get("url")
    return MediaRequest(url=url, headers=_token(account)) if isinstance(url, str) and url else None


def _token(account: AccountSettings) -> dict[str, str]:
    token = next((value for value in account.secrets.get("access_token", ()) if value), "")
    return {"authorization": f"Bearer {token}"} if token else {}
