"""Twilio's contents, of which WhatsApp has approved some (Twilio, "Content API", read 2026-11)."""

import base64
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from channels_ingest.adapters.base import AccountSettings, clean_json
from channels_ingest.adapters.reading import as_list, as_object, as_word
from channels_ingest.adapters.sending import Answer, CannotSendError, HttpRequest, ListedTemplate, TemplatePage

API_URL = "https://content.twilio.com"
PAGE = 100


def request(account: AccountSettings, api_url: str, page: str) -> HttpRequest:
    """One page; `page` is the token of Twilio's own link to it. `api_url` is the simulator's, or empty."""
    sid = account.plain.get("account_sid") or "AC0"
    token = next((token for token in account.secrets.get("auth_token", ()) if token), "")
    asked = {"PageSize": str(PAGE)} | ({"PageToken": page} if page else {})
    return HttpRequest(
        method="GET",
        url=f"{api_url or API_URL}/v1/ContentAndApprovals?{urlencode(asked)}",
        headers={"authorization": f"Basic {base64.b64encode(f'{sid}:{token}'.encode()).decode()}"},
        body=b"",
    )


def read(answer: Answer) -> TemplatePage:
    """The contents of the page as templates. Raises CannotSendError."""
    said = answer.said()
    if answer.status != 200 or not isinstance(said.get("contents"), list):
        raise CannotSendError(as_word(said.get("message"))[:200] or f"Twilio answered with HTTP {answer.status}")
    found = [_template(row) for row in map(as_object, as_list(said.get("contents")))]
    following = as_word(as_object(said.get("meta")).get("next_page_url"))
    token = (parse_qs(urlsplit(following).query).get("PageToken") or [""])[0]
    return TemplatePage([row for row in found if row.name and row.language], token)


def _template(row: dict[str, Any]) -> ListedTemplate:
    approval = as_object(row.get("approval_requests"))
    return ListedTemplate(
        name=as_word(row.get("sid")),
        shown_name=as_word(row.get("friendly_name")),
        language=as_word(row.get("language")),
        category=as_word(approval.get("category")).upper(),
        status=(as_word(approval.get("status")) or "unsubmitted").upper(),
        components=_components(row),
    )


def _components(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The content's first kind, as Meta would write it. Its variables are numbered through all of it."""
    content = next((as_object(clean_json(each)) for each in as_object(row.get("types")).values()), {})
    examples = as_object(row.get("variables"))
    body: dict[str, Any] = {"type": "BODY", "text": str(content.get("body") or content.get("title") or "")}
    if examples:
        ordered = sorted(examples.items(), key=lambda each: (len(each[0]), each[0]))
        body["example"] = {"body_text": [[str(value) for _, value in ordered]]}
    buttons = [
        {"type": "QUICK_REPLY", "text": as_word(each.get("title"))}
        for each in map(as_object, as_list(content.get("actions")))
    ]
    return [body, *([{"type": "BUTTONS", "buttons": buttons}] if buttons else [])]
