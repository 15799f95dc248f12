"""The sending half of WhatsApp Cloud: one message to the Graph API, and what its answer means.

Meta, "Cloud API: Messages" and "Error codes" (read 2026-03): `messages[0].id` is the id of statuses and quotes;
`biz_opaque_callback_data` comes back with every status. Meta documents no idempotency key for sending.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from channels_ingest.adapters import _whatsapp_files
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.reading import as_list, as_object, as_word
from channels_ingest.adapters.sending import (
    Accepted,
    Answer,
    CannotSendError,
    HttpRequest,
    Outcome,
    Outgoing,
    Refused,
    Template,
    TryLater,
    Unclear,
)

API_URL = "https://graph.facebook.com/v24.0"
#: Meta's id of the number in its own samples: what an account without one is simulated with.
UNSET_NUMBER_ID = "106540352242922"
LONGEST_TEXT = 4_096

Json = dict[str, Any]

#: Error code -> (reason in words, what it closes), of what trying again does not change.
REFUSALS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        0: ("the access token is not valid any more", ""),
        3: ("the access token may not send messages", ""),
        10: ("the access token may not send messages", ""),
        100: ("WhatsApp does not accept this message", ""),
        190: ("the access token has expired", ""),
        368: ("WhatsApp has blocked this business for a policy violation", ""),
        131005: ("the access token may not send messages", ""),
        131008: ("WhatsApp misses something in this message", ""),
        131009: ("WhatsApp does not accept a value in this message", ""),
        131021: ("the customer's number is the line's own", "unreachable"),
        131026: ("the customer's phone cannot receive it: not on WhatsApp, or an outdated app", "unreachable"),
        131030: ("this line is a test line and the number is not on its list", ""),
        131031: ("WhatsApp has locked this business account", ""),
        131042: ("WhatsApp wants the business's payment details settled first", ""),
        131045: ("the line's number is not registered", ""),
        131047: ("more than 24 hours since the customer wrote, so only a template may be sent", "window"),
        131049: ("WhatsApp held it back to limit how much marketing this person gets", ""),
        131050: ("the customer stopped marketing messages from this line", "opted_out"),
        131051: ("WhatsApp does not know this type of message", ""),
        131053: ("WhatsApp could not take the attachment", ""),
        131062: ("WhatsApp takes this kind of message to phone numbers only", ""),
        132000: ("the template wants another number of parameters", ""),
        132001: ("there is no such template in this language, or it is not approved", ""),
        132005: ("the template's text becomes too long", ""),
        132007: ("the template breaks a rule of WhatsApp's", ""),
        132012: ("a parameter has not the form that the template wants", ""),
        132015: ("the template is paused", ""),
        132016: ("the template is switched off", ""),
        133010: ("the line's number is not registered", ""),
        470: ("more than 24 hours since the customer wrote, so only a template may be sent", "window"),
    }
)
#: Error code -> (reason in words, seconds to wait, whether it holds for the whole line).
PAUSES: Mapping[int, tuple[str, float, bool]] = MappingProxyType(
    {
        4: ("WhatsApp limits how much this business may send", 60.0, True),
        80007: ("WhatsApp limits how much this business may send", 60.0, True),
        130429: ("WhatsApp limits how fast this line may send", 5.0, True),
        131048: ("WhatsApp limits this line because of spam reports", 900.0, True),
        131056: ("too many messages to this person in a short time", 6.0, False),
        131057: ("WhatsApp is maintaining the account", 60.0, True),
        133016: ("WhatsApp is maintaining the account", 60.0, True),
    }
)


def render(outgoing: Outgoing, account: AccountSettings, api_url: str) -> HttpRequest:
    """The request that sends it. Raises CannotSendError."""
    token = next((value for value in account.secrets.get("access_token", ()) if value), "")
    document: Json = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(outgoing.address),
        "biz_opaque_callback_data": outgoing.reference,
        **_content(outgoing),
    }
    if outgoing.answers:
        document["context"] = {"message_id": outgoing.answers}
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    url = f"{api_url}/{quote(number_id_of(account), safe='')}/messages"
    return HttpRequest(method="POST", url=url, headers=headers, body=json.dumps(document).encode())


def number_id_of(account: AccountSettings) -> str:
    """Meta's id of the line's number."""
    return account.plain.get("phone_number_id") or UNSET_NUMBER_ID


def _content(outgoing: Outgoing) -> Json:
    if outgoing.template is not None:
        return _template(outgoing.template)
    if len(outgoing.files) > 1:
        raise CannotSendError("a WhatsApp message carries one file")
    return _whatsapp_files.content_of(outgoing.files[0], outgoing.text) if outgoing.files else _text(outgoing.text)


def read_upload(answer: Answer) -> Outcome:
    """What Meta says of a file that was handed over."""
    return _whatsapp_files.uploaded(answer) or read_answer(answer)


def _recipient(address: str) -> Json:
    """A wa_id goes into `to` as it was received, a business-scoped user id into `recipient` (since May 2026)."""
    digits = address.removeprefix("+")
    if digits.isascii() and digits.isdigit():
        return {"to": digits}
    if not address or ":" in address:
        raise CannotSendError("the address is a member of a group")
    return {"recipient": address}


def _text(text: str) -> Json:
    if len(text) > LONGEST_TEXT:
        raise CannotSendError(f"{len(text)} characters are too many: WhatsApp takes {LONGEST_TEXT}")
    return {"type": "text", "text": {"body": text, "preview_url": "https://" in text or "http://" in text}}


def _template(template: Template) -> Json:
    wanted: Json = {"name": template.name, "language": {"code": template.language}}
    components: list[Json] = []
    if template.header:
        kind = template.header_kind
        part = {"type": "text", "text": template.header} if kind == "text" else _linked(kind, template.header)
        components.append({"type": "header", "parameters": [part]})
    if template.parameters:
        parameters: list[Json] = [{"type": "text", "text": value} for value in template.parameters]
        for parameter, name in zip(parameters, template.names, strict=False):
            parameter["parameter_name"] = name
        components.append({"type": "body", "parameters": parameters})
    for place, kind, value in template.buttons:
        part = {"type": "coupon_code", "coupon_code": value} if kind == "copy_code" else {"type": "text", "text": value}
        components.append({"type": "button", "sub_type": kind, "index": str(place), "parameters": [part]})
    if components:
        wanted["components"] = components
    return {"type": "template", "template": wanted}


def _linked(kind: str, link: str) -> Json:
    return {"type": kind, kind: {"link": link}}


def read_answer(answer: Answer) -> Outcome:
    """What Meta says. A 5xx, and whatever is not JSON, may hide a message that was taken."""
    payload = answer.said()
    if answer.status == 200:
        messages = as_list(payload.get("messages"))
        message_id = as_word(as_object(messages[0]).get("id")) if messages else ""
        return Accepted(provider_message_id=message_id) if message_id else Unclear(reason="WhatsApp gave it no id")
    error = as_object(payload.get("error"))
    code = error.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        return _without_code(answer)
    if code in PAUSES:
        reason, seconds, whole_account = PAUSES[code]
        told = _seconds(answer.headers.get("retry-after", ""))
        return TryLater(code=str(code), reason=reason, after_seconds=max(seconds, told), whole_account=whole_account)
    if code in REFUSALS:
        reason, closes = REFUSALS[code]
        return Refused(code=str(code), reason=_with_details(code, reason, error), closes=closes)
    if answer.status >= 500:
        return Unclear(reason=f"WhatsApp had a fault of its own ({code})")
    return Refused(code=str(code), reason=_with_details(code, f"WhatsApp refuses it (error {code})", error))


def _with_details(code: int, reason: str, error: Json) -> str:
    """Our words, with Meta's own where ours say little. They never hold the customer's text."""
    details = as_word(as_object(error.get("error_data")).get("details"))
    vague = code not in REFUSALS or code in (100, 131008, 131009)
    return f"{reason}: {details}" if details and vague else reason


def _without_code(answer: Answer) -> Outcome:
    if answer.status == 429:
        seconds = _seconds(answer.headers.get("retry-after", "")) or 5.0
        return TryLater(code="429", reason=PAUSES[130429][0], after_seconds=seconds, whole_account=True)
    if answer.status in (401, 403):
        return Refused(code=str(answer.status), reason=REFUSALS[190][0])
    if 400 <= answer.status < 500:
        return Refused(code=str(answer.status), reason=f"WhatsApp refuses it (HTTP {answer.status})")
    return Unclear(reason=f"WhatsApp answered with HTTP {answer.status}")


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0
