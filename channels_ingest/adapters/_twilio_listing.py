"""Twilio's list of messages, newest first, read as the forms that its webhooks would have carried.

Twilio, "Message resource: read multiple Message resources", "Media resource" (read 2026-11): `DateSent>=` takes a day,
times are RFC 2822, a page names the next one by its path.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

from channels_ingest.adapters.base import AccountSettings, clean
from channels_ingest.adapters.forms import form_body, form_pairs
from channels_ingest.adapters.listing import Listed, ListingError, Page
from channels_ingest.adapters.reading import as_list, as_object, as_word
from channels_ingest.adapters.sending import Answer, HttpRequest

API = "/2010-04-01/Accounts/"
PAGE_SIZE = 500
_MEDIA_HOST = "https://api.twilio.com"


class TwilioListing:
    """See `listing.ListsMessages`."""

    prefix = ""

    def lists(self, account: AccountSettings, numbers: Sequence[str], since: datetime) -> Sequence[str]:
        """The messages to each number since the day of `since`; none without the account's own id."""
        sid = account.plain.get("account_sid", "")
        queries = (
            {"To": f"{self.prefix}{number}", "DateSent>": f"{since:%Y-%m-%d}", "PageSize": PAGE_SIZE}
            for number in numbers
        )
        return [f"{API}{quote(sid, safe='')}/Messages.json?{urlencode(query)}" for query in queries] if sid else []

    def ask(self, account: AccountSettings, place: str, *, api_url: str) -> HttpRequest:
        """A GET with the account's credentials, to nowhere but the API."""
        if not place.startswith(API):
            raise ListingError("expected a place of Twilio's API")
        token = next((token for token in account.secrets.get("auth_token", ()) if token), "")
        credentials = base64.b64encode(f"{account.plain.get('account_sid', '')}:{token}".encode()).decode()
        headers = {"authorization": f"Basic {credentials}", "accept": "application/json"}
        return HttpRequest(method="GET", url=f"{api_url}{place}", headers=headers, body=b"")

    def read_page(self, answer: Answer) -> Page:
        """The inbound messages of a page; what has no id or time is passed over."""
        said = _json(answer)
        if not isinstance(said.get("messages"), list):
            raise ListingError("expected a list of messages")
        messages = (_listed(as_object(each)) for each in as_list(said["messages"]))
        next_page = said.get("next_page_uri")
        return Page(
            messages=tuple(each for each in messages if each),
            next_page=next_page if isinstance(next_page, str) else "",
        )

    def add_more(self, listed: Listed, answer: Answer) -> Listed:
        """The message with the addresses of its media, as the webhook names them."""
        said = _json(answer)
        fields = [(name.decode(), value.decode("utf-8", "replace")) for name, value in form_pairs(listed.body)]
        media = [as_object(each) for each in as_list(said.get("media_list"))]
        fields = [pair for pair in fields if pair[0] != "NumMedia"] + [("NumMedia", str(len(media)))]
        for index, each in enumerate(media):
            place = as_word(each.get("uri")).removesuffix(".json")
            if place.startswith(API):
                fields.append((f"MediaUrl{index}", f"{_MEDIA_HOST}{place}"))
                fields.append((f"MediaContentType{index}", clean(each.get("content_type"))))
        return replace(listed, body=form_body(fields), more="")


def _listed(said: dict[str, Any]) -> Listed | None:
    sid, at = as_word(said.get("sid")), _moment(said.get("date_sent") or said.get("date_created"))
    if said.get("direction") != "inbound" or not sid or at is None:
        return None
    fields = [
        ("MessageSid", sid),
        ("SmsSid", sid),
        ("SmsStatus", "received"),
        ("AccountSid", as_word(said.get("account_sid"))),
        ("From", as_word(said.get("from"))),
        ("To", as_word(said.get("to"))),
        ("Body", clean(said.get("body"))),
        ("NumSegments", as_word(said.get("num_segments"))),
        ("NumMedia", as_word(said.get("num_media")) or "0"),
    ]
    has_media = as_word(said.get("num_media")) not in ("", "0")
    media = as_word(as_object(said.get("subresource_uris")).get("media")) if has_media else ""
    return Listed(message_id=sid, at=at, body=form_body(fields), more=media)


def _moment(value: object) -> datetime | None:
    try:
        at = parsedate_to_datetime(value) if isinstance(value, str) else None
    except (ValueError, TypeError, OverflowError):
        return None
    return at if at is not None and at.tzinfo is not None else None


def _json(answer: Answer) -> dict[str, Any]:
    if answer.status != 200:
        raise ListingError(f"expected 200, got {answer.status}")
    try:
        return as_object(json.loads(answer.body))
    except (ValueError, RecursionError):
        raise ListingError(f"expected JSON, got {len(answer.body)} bytes that are not") from None
