"""WhatsApp through Twilio, with the fields of users who hide their number (business-scoped user ids, 2026).

Twilio, "WhatsApp" and "Twilio's request to your webhook URL" (read 2026-11). `docs/decisions/relayed-whatsapp.md` says
why a sender is as good as one that Meta itself reports, and why the address is the one in `From`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from channels_ingest.adapters import _twilio_contents, _whatsapp_files
from channels_ingest.adapters._twilio import SETTINGS, Fields, TwilioChannel, content_of, opting_items
from channels_ingest.adapters._whatsapp_content import UNSUBSCRIBING_BUTTONS
from channels_ingest.adapters._whatsapp_messages import opt_out_by_button
from channels_ingest.adapters._whatsapp_senders import LONGEST_TRAIT
from channels_ingest.adapters.base import AccountSettings, Adapter, Setting, clean, clean_json
from channels_ingest.adapters.reading import OddPartError, as_link, as_word, nameable
from channels_ingest.adapters.sending import Answer, FileRules, HttpRequest, Outgoing, TemplatePage
from channels_ingest.messages import Item, Message, NotUnderstood
from profiles.identity.values import IdentifierKind, SeenIdentifier, Sender
from timeline.entries import Direction

PREFIX = "whatsapp:"
#: Twilio, "WhatsApp: media messages" (read 2026-11): one file in a message, of 16 MB at most.
RULES = replace(_whatsapp_files.RULES, total_bytes=16 * 1024 * 1024, fetches=True)
_NUMBER = re.compile(r"\+?[1-9]\d{6,14}")
_USER = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")  # CC.…, at the parent portfolio CC.ENT.…

#: Message types that say nothing beyond their text and files.
_PLAIN_TYPES = frozenset({"", "text", "image", "audio", "video", "document", "sticker", "contacts"})


class WhatsAppTwilio(TwilioChannel):
    """See `base.Adapter` and `sending.Sends`."""

    provider = "whatsapp_twilio"
    channel = "whatsapp"
    prefix = PREFIX
    takes_templates = True
    settings: tuple[Setting, ...] = (
        *SETTINGS,
        Setting(name="portfolio_id", meaning="The Meta portfolio in which user ids are the same; default: the account"),
    )

    def message_items(self, fields: Fields, sid: str, account: AccountSettings, received_at: datetime) -> list[Item]:
        """A message, what a pressed button means for consent, and a report if its type is not understood."""
        sender = sender_of(fields, account)
        text, detail = content_of(fields)
        kind = fields.get("MessageType", "")
        reason = ""
        if extra := _extra(fields, kind):
            detail |= extra
        elif kind not in _PLAIN_TYPES and not text and "attachments" not in detail:
            detail, reason = {"type": "unsupported", "raw": clean_json(dict(fields))}, f"message type {nameable(kind)}"
        if kind == "sticker" and "attachments" in detail:
            detail["type"] = detail["attachments"][0]["type"] = "sticker"
        if detail["type"] == "location":
            text = ", ".join(filter(None, (detail["location"]["name"], detail["location"]["address"]))) or text
        message = Message(
            sender=sender,
            provider_message_id=sid,
            occurred_at=received_at,
            direction=Direction.IN,
            text=text,
            detail=detail | surroundings_of(fields),
            placeholder=bool(reason),
        )
        items: list[Item] = [message, *opting_items(fields, sid, sender, received_at)]
        if kind == "button" and _is_unsubscribing(fields):
            items.append(opt_out_by_button(message))
        return [*items, NotUnderstood(reason=reason)] if reason else items

    def file_rules(self, account: AccountSettings) -> FileRules:
        """What WhatsApp takes through Twilio."""
        return RULES

    def templates_request(self, account: AccountSettings, *, api_url: str, page: str = "") -> HttpRequest:
        """Twilio's list of contents with what WhatsApp said of each."""
        return _twilio_contents.request(account, api_url if api_url != self.api_url else "", page)

    def read_templates(self, answer: Answer) -> TemplatePage:
        """Twilio's page of contents."""
        return _twilio_contents.read(answer)

    def template_fields(self, outgoing: Outgoing) -> list[tuple[str, str]]:
        """Twilio knows an approved template by its content sid (HX…), which stands for its name and language."""
        assert outgoing.template is not None
        numbered = {str(number): value for number, value in enumerate(outgoing.template.parameters, start=1)}
        fields = [("ContentSid", outgoing.template.name)]
        return [*fields, ("ContentVariables", json.dumps(numbered))] if numbered else fields


def sender_of(fields: Fields, account: AccountSettings) -> Sender:
    """Who wrote: a number, or a user id of who hides it. Raises OddPartError if nobody is named."""
    address = as_word(fields.get("From", "").removeprefix(PREFIX))
    if not address:
        raise OddPartError("nobody named as the customer")
    scope = account.plain.get("portfolio_id") or as_word(fields.get("AccountSid"))
    numbers = [address, as_word(fields.get("WaId"))]
    users = [address, as_word(fields.get("ExternalUserId", "").removeprefix(PREFIX))]
    parent = as_word(fields.get("ParentExternalUserId", "").removeprefix(PREFIX))
    seen = [SeenIdentifier(IdentifierKind.PHONE, f"+{n.removeprefix('+')}") for n in numbers if _NUMBER.fullmatch(n)]
    seen += [SeenIdentifier(IdentifierKind.WHATSAPP_USER, user, scope) for user in users if _USER.fullmatch(user)]
    if _USER.fullmatch(parent):
        seen.append(SeenIdentifier(IdentifierKind.WHATSAPP_USER, parent, f"{scope}/parent"))
    traits = {
        "name": clean(fields.get("ProfileName", "")).strip(),
        "username": clean(fields.get("ProfileUsername", "") or fields.get("Username", "")).strip(),
    }
    return Sender(
        address=address,
        identifiers=tuple(dict.fromkeys(seen)),
        traits={name: value[:LONGEST_TRAIT] for name, value in traits.items() if value},
    )


def surroundings_of(fields: Fields) -> dict[str, Any]:
    """The message replied to, forwarding, and the advertisement it started from."""
    detail: dict[str, Any] = {}
    if replied_to := as_word(fields.get("OriginalRepliedMessageSid")):
        detail["reply_to"] = {"provider_message_id": replied_to}
    if fields.get("FrequentlyForwarded", "").lower() == "true":
        detail["forwarded"] = "often"
    elif fields.get("Forwarded", "").lower() == "true":
        detail["forwarded"] = "once"
    referral = {name: clean(fields.get(field, "")) for name, field in _REFERRAL.items()}
    referral["source_url"] = as_link(fields.get("ReferralSourceUrl"))
    if referral := {name: value for name, value in referral.items() if value}:
        detail["referral"] = referral
    return detail


_REFERRAL: Mapping[str, str] = MappingProxyType(
    {
        "source_type": "ReferralSourceType",
        "source_id": "ReferralSourceId",
        "headline": "ReferralHeadline",
        "body": "ReferralBody",
        "ctwa_clid": "ReferralCtwaClid",
    }
)


def _extra(fields: Fields, kind: str) -> dict[str, Any]:
    """A place, a choice or the answers of a form; empty for any other message."""
    readers: tuple[Callable[[Fields], dict[str, Any]], ...] = (_location, _choice, _form)
    return next((found for reader in readers if (found := reader(fields))), {})


def _location(fields: Fields) -> dict[str, Any]:
    place = [_degrees(fields.get(name, "")) for name in ("Latitude", "Longitude")]
    if None in place:
        return {}
    location = {
        "latitude": place[0],
        "longitude": place[1],
        "name": clean(fields.get("Label", "")),
        "address": clean(fields.get("Address", "")),
        "url": as_link(fields.get("Url")),
    }
    return {"type": "location", "location": location}


def _degrees(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?\d{1,3}(?:\.\d{1,20})?", text, re.ASCII):
        return None
    return float(text) if abs(float(text)) <= 180 else None


def _choice(fields: Fields) -> dict[str, Any]:
    """A pressed button, or a row of a list."""
    if title := clean(fields.get("ButtonText", "")):
        choice = {"kind": "button", "id": clean(fields.get("ButtonPayload", "")), "title": title}
    elif title := clean(fields.get("ListTitle", "")):
        choice = {"kind": "list", "id": clean(fields.get("ListId", "")), "title": title}
    else:
        return {}
    return {"type": "choice", "choice": choice}


def _form(fields: Fields) -> dict[str, Any]:
    """The answers of a WhatsApp flow, JSON in a field; the bare text if it is none."""
    answers = fields.get("InteractiveData") or fields.get("FlowData")
    if not answers:
        return {}
    try:
        form = clean_json(json.loads(answers))
    except (ValueError, RecursionError):
        form = clean(answers)
    return {"type": "choice", "choice": {"kind": "form", "name": ""}, "form": form}


def _is_unsubscribing(fields: Fields) -> bool:
    """Whether the customer pressed a marketing template's own opt-out button."""
    pressed = {fields.get(name, "").strip().casefold() for name in ("ButtonText", "ButtonPayload")}
    return not pressed.isdisjoint(UNSUBSCRIBING_BUTTONS)


ADAPTER: Adapter = WhatsAppTwilio()
