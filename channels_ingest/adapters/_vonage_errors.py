"""Vonage's error codes, in words an agent can act on, and what each means for the address.

Vonage, "API errors: Messages API" and "Delivery receipts" (read 2026-11). A code without words of ours has Vonage's.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from channels_ingest.adapters.reading import as_object, as_word
from channels_ingest.adapters.troubles import UNREACHABLE, Trouble, shown_words
from channels_ingest.adapters.words import gettext_noop

#: Codes of the Messages API, in answers and in statuses alike.
MESSAGES: Mapping[int, Trouble] = MappingProxyType(
    {
        1000: Trouble(gettext_noop("too many messages in a short time"), is_passing=True),
        1040: Trouble(gettext_noop("this is no number that can be texted"), UNREACHABLE),
        1050: Trouble(gettext_noop("Vonage has barred this number from messages"), UNREACHABLE),
        1060: Trouble(gettext_noop("the line's Vonage account is barred from sending")),
        1070: Trouble(gettext_noop("the line's Vonage account has no credit left")),
        1120: Trouble(gettext_noop("this country does not allow the line's sender: check from")),
        1160: Trouble(gettext_noop("this number is not on the Vonage account's list of allowed numbers")),
        1170: Trouble(gettext_noop("this is no number that can be texted"), UNREACHABLE),
        1180: Trouble(gettext_noop("the phone was off or out of reach for too long"), UNREACHABLE),
        1190: Trouble(gettext_noop("the network does not know this number: it may be out of use"), UNREACHABLE),
        1210: Trouble(gettext_noop("the network took the message for spam")),
        1300: Trouble(gettext_noop("this number does not belong to the network it was sent through"), UNREACHABLE),
    }
)
#: `err-code` of the old SMS API's delivery receipts.
RECEIPTS: Mapping[int, Trouble] = MappingProxyType(
    {
        2: Trouble(gettext_noop("the phone was off or out of reach for too long"), UNREACHABLE),
        3: Trouble(gettext_noop("the network does not know this number: it may be out of use"), UNREACHABLE),
        4: Trouble(gettext_noop("the customer or their network blocks messages from this line")),
        6: Trouble(gettext_noop("the network took the message for spam")),
        7: Trouble(gettext_noop("the phone could not take the message")),
        9: Trouble(gettext_noop("this is no number that can be texted"), UNREACHABLE),
    }
)
CREDENTIALS = gettext_noop("Vonage refuses the line's credentials: check api_key and api_secret")
SILENT = gettext_noop("Vonage did not say why")
_CODE_IN_TYPE = re.compile(r"#(\d{1,6})\Z")


def error_of(said: dict[str, Any]) -> tuple[int, Trouble]:
    """The code and meaning of an error object: RFC 7807 (`type` ends in the code), or `code` and `reason` (v0)."""
    code = said.get("code")
    found = _CODE_IN_TYPE.search(as_word(said.get("type")))
    number = int(found[1]) if found else 0
    for told in (code, said.get("title")):
        word = as_word(told)
        if not number and word.isascii() and word.isdigit() and len(word) < 7:
            number = int(word)
    if known := MESSAGES.get(number):
        return number, known
    for name in ("detail", "reason", "title"):
        if words := shown_words(said.get(name)):
            return number, Trouble(words)
    return number, Trouble(SILENT)


def errors_of(status: dict[str, Any]) -> list[dict[str, Any]]:
    """The error of a status, as `Amendment.detail["errors"]` holds it; none where it has none."""
    said = as_object(status.get("error"))
    if not said:
        return []
    number, trouble = error_of(said)
    return [told(number, trouble)]


def receipt_errors_of(fields: dict[str, str]) -> list[dict[str, Any]]:
    """The error of an old delivery receipt; code 0 is none."""
    code = fields.get("err-code", "")
    number = int(code) if code.isascii() and code.isdigit() and len(code) < 4 else 0
    return [told(number, RECEIPTS.get(number, Trouble(SILENT)))] if number else []


def told(number: int, trouble: Trouble) -> dict[str, Any]:
    """One error as it is kept."""
    return {"code": number, "message": trouble.reason} | ({"closes": trouble.closes} if trouble.closes else {})
