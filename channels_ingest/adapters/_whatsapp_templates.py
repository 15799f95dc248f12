"""The templates that a WhatsApp business account has (Meta, "Message templates", read 2026-03)."""

from urllib.parse import quote, urlencode

from channels_ingest.adapters.base import AccountSettings, clean_json
from channels_ingest.adapters.reading import as_list, as_object, as_word
from channels_ingest.adapters.sending import Answer, CannotSendError, HttpRequest, ListedTemplate, TemplatePage
from channels_ingest.adapters.words import gettext_noop

PAGE = 50
#: Of Meta's samples: what an account without one is simulated with.
UNSET_ACCOUNT_ID = "102290129340398"


def request(account: AccountSettings, api_url: str, page: str) -> HttpRequest:
    """One page. Raises CannotSendError without `waba_id`, unless it goes to the simulator."""
    token = next((value for value in account.secrets.get("access_token", ()) if value), "")
    account_id = account.plain.get("waba_id", "") or ("" if token else UNSET_ACCOUNT_ID)
    if not account_id:
        raise CannotSendError(gettext_noop("the line needs the setting waba_id to list its templates"))
    asked = {"fields": "name,language,status,category,components", "limit": str(PAGE)} | (
        {"after": page} if page else {}
    )
    return HttpRequest(
        method="GET",
        url=f"{api_url}/{quote(account_id, safe='')}/message_templates?{urlencode(asked)}",
        headers={"authorization": f"Bearer {token}"} if token else {},
        body=b"",
    )


def read(answer: Answer) -> TemplatePage:
    """The templates of the page; one that has no name is left out. Raises CannotSendError."""
    said = answer.said()
    if answer.status != 200 or not isinstance(said.get("data"), list):
        reason = as_word(as_object(said.get("error")).get("message"))
        raise CannotSendError(reason[:200] or f"WhatsApp answered with HTTP {answer.status}")
    found = [
        ListedTemplate(
            name=as_word(row.get("name")),
            language=as_word(row.get("language")),
            category=as_word(row.get("category")).upper(),
            status=as_word(row.get("status")).upper(),
            components=[as_object(clean_json(each)) for each in as_list(row.get("components"))],
        )
        for row in map(as_object, as_list(said.get("data")))
    ]
    paging = as_object(said.get("paging"))
    after = as_word(as_object(paging.get("cursors")).get("after")) if paging.get("next") else ""
    return TemplatePage([row for row in found if row.name and row.language], after)
