"""Twilio's list of messages as the simulator plays it: by number and day, newest first, page by page."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from channels_ingest.adapters.forms import form_fields
from channels_ingest.adapters.sending import Answer, HttpRequest
from channels_ingest.simulator.plays.base import Post

_LIST = re.compile(r".*?(?P<place>/2010-04-01/Accounts/(?P<sid>[^/]+)/Messages\.json)")
MOST_ON_A_PAGE = 1000


def message_id_of(post: Post) -> str:
    """The sid that Twilio gave the message."""
    return form_fields(post.body).get("MessageSid", "")


def listing(request: HttpRequest, kept: Sequence[tuple[datetime, bytes]]) -> Answer | None:
    """The list that is asked for; None for another request. Raises ValueError for an odd query."""
    parts = urlsplit(request.url)
    called = _LIST.fullmatch(parts.path)
    if request.method != "GET" or called is None:
        return None
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    size = min(int(query.get("PageSize", "50")), MOST_ON_A_PAGE)
    start = int(query.get("Page", "0")) * size
    wanted = []
    for at, body in kept:
        fields = form_fields(body)
        is_wanted = not query.get("To") or fields.get("To") == query["To"]
        if is_wanted and f"{at:%Y-%m-%d}" >= query.get("DateSent>", ""):
            wanted.append(_message(fields, at))
    more = start + size < len(wanted)
    query |= {"Page": str(start // size + 1), "PageToken": "simulated"}
    said = {
        "messages": wanted[start : start + size],
        "next_page_uri": f"{called['place']}?{urlencode(query)}" if more else None,
        "page_size": size,
    }
    return Answer(status=200, body=json.dumps(said).encode(), headers={"content-type": "application/json"})


def _message(fields: dict[str, str], at: datetime) -> dict[str, object]:
    sid, account = fields.get("MessageSid", ""), fields.get("AccountSid", "")
    return {
        "sid": sid,
        "account_sid": account,
        "from": fields.get("From"),
        "to": fields.get("To"),
        "body": fields.get("Body"),
        "direction": "inbound",
        "status": "received",
        "num_segments": fields.get("NumSegments"),
        "num_media": fields.get("NumMedia"),
        "date_created": format_datetime(at),
        "date_sent": format_datetime(at),
        "error_code": None,
        "subresource_uris": {"media": f"/2010-04-01/Accounts/{account}/Messages/{sid}/Media.json"},
    }
