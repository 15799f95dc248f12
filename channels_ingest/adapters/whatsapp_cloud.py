"""Meta's WhatsApp Cloud API, webhooks as documented up to the business-scoped user ids of May 2026.

A payload is entry[] x changes[] x lists of items, up to a thousand, "batching cannot be guaranteed" (Meta, "Create a
webhook endpoint"): every item is read by itself, so an odd one costs only itself.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from channels_ingest.adapters import _whatsapp_files, _whatsapp_media, _whatsapp_sending, _whatsapp_templates
from channels_ingest.adapters._whatsapp_events import (
    ACCOUNT_FIELDS,
    account_items,
    address_book_items,
    error_items,
    preference_items,
    status_items,
    user_id_update_items,
)
from channels_ingest.adapters._whatsapp_messages import customer_items, echo_items, history_items, history_media_items
from channels_ingest.adapters._whatsapp_senders import Circumstances, contacts_of, digits_of
from channels_ingest.adapters.base import AccountSettings, Delivery, PayloadError, Setting, clean, read_json
from channels_ingest.adapters.fetching import MediaRequest
from channels_ingest.adapters.reading import OddPartError, as_list, as_object, as_word, nameable
from channels_ingest.adapters.sending import (
    Answer,
    FileRules,
    HttpRequest,
    Outcome,
    Outgoing,
    OutgoingFile,
    TemplatePage,
)
from channels_ingest.messages import Item, Located, NotUnderstood
from channels_ingest.signatures import any_matches, sha256_hex

_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")  # as Meta sends it; anything else is not Meta

Reader = Callable[[Circumstances, dict[str, Any]], list[Item]]


#: Items of one delivery; a chunk of history has some thousands.
MOST_ITEMS = 50_000


class WhatsAppCloud:
    """The adapter; see `base.Adapter`."""

    provider = "whatsapp_cloud"
    channel = "whatsapp"
    settings: tuple[Setting, ...] = (
        Setting(name="app_secret", meaning="The Meta app's secret: signs every delivery", secret=True, required=True),
        Setting(
            name="verify_token",
            meaning="A word of yours that Meta repeats to you",
            secret=True,
            required=True,
            is_repeated=True,
        ),
        Setting(name="access_token", meaning="A system user's token: needed to send and to fetch media", secret=True),
        Setting(name="phone_number_id", meaning="Meta's id of the number; without it the URL takes every number's"),
        Setting(name="waba_id", meaning="Meta's id of the WhatsApp business account: needed to list templates"),
        Setting(name="portfolio_id", meaning="The portfolio in which user ids are the same; default: the account's id"),
    )
    max_body_bytes = 4_000_000  # Meta sends up to 3 MB
    kept_headers: tuple[str, ...] = ("x-hub-signature-256", "content-type", "user-agent")
    refusal_status = 401
    #: Customers' numbers come without a plus sign, and are addresses as they come.
    has_bare_numbers = True
    route_setting = "phone_number_id"
    takes_templates = True
    api_url = _whatsapp_sending.API_URL
    sending_settings: tuple[str, ...] = ("access_token", "phone_number_id")
    media_settings: tuple[str, ...] = ("access_token",)
    media_hosts = _whatsapp_media.MEDIA_HOSTS

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """The challenge, if the verify token is one of ours."""
        token = query.get("hub.verify_token", "")
        tokens = [known for known in account.secrets.get("verify_token", ()) if known]
        if query.get("hub.mode") != "subscribe" or clean(token) != token or not any_matches(token, tokens):
            return None
        return query.get("hub.challenge")

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether the bytes carry the HMAC of one of the app secrets."""
        presented = delivery.headers.get("x-hub-signature-256", "")
        if not _SIGNATURE.fullmatch(presented):
            return False
        secrets = [secret for secret in account.secrets.get("app_secret", ()) if secret]
        return any_matches(presented, (f"sha256={sha256_hex(secret, delivery.body)}" for secret in secrets))

    def delivery_key(self, delivery: Delivery) -> str:
        """The digest of the body: Meta gives a delivery no id, and the body is all it signs."""
        return hashlib.sha256(delivery.body).hexdigest()

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """Every item of every change, in the order of the payload, messages before statuses."""
        payload = read_json(delivery.body)
        if payload.get("object") != "whatsapp_business_account":
            raise PayloadError(f"expected a whatsapp_business_account, got {nameable(payload.get('object'))}")
        entries = payload.get("entry")
        if not isinstance(entries, list):
            raise PayloadError(f"expected a list of entries, got {type(entries).__name__}")
        found: list[Located] = []
        for number, entry in enumerate(entries):
            _check_number(found)
            path = f"entry[{number}]"
            changes = as_object(entry).get("changes")
            if not isinstance(changes, list):
                found.append(Located(item=NotUnderstood(reason="entry without changes"), path=path))
                continue
            for index, change in enumerate(changes):
                _check_number(found)
                _read_change(found, change, entry, f"{path}.changes[{index}]", account, received_at)
        return found

    def render(self, outgoing: Outgoing, account: AccountSettings, *, api_url: str) -> HttpRequest:
        """One message to the Graph API."""
        return _whatsapp_sending.render(outgoing, account, api_url)

    def media_request(
        self, attachment: Mapping[str, Any], account: AccountSettings, *, api_url: str
    ) -> MediaRequest | None:
        """The look-up of the attachment's media id."""
        return _whatsapp_media.media_request(attachment, account, api_url)

    def media_found(self, answer: Answer, account: AccountSettings, *, api_url: str) -> MediaRequest | None:
        """Where the file is, for five minutes."""
        return _whatsapp_media.media_found(answer, account)

    def file_rules(self, account: AccountSettings) -> FileRules:
        """What WhatsApp takes."""
        return _whatsapp_files.RULES

    def render_upload(self, file: OutgoingFile, account: AccountSettings, *, api_url: str) -> HttpRequest:
        """The call that hands the file to Meta."""
        return _whatsapp_files.render_upload(file, account, _whatsapp_sending.number_id_of(account), api_url)

    def read_upload(self, answer: Answer) -> Outcome:
        """Meta's id of the file, or an error code."""
        return _whatsapp_sending.read_upload(answer)

    def templates_request(self, account: AccountSettings, *, api_url: str, page: str = "") -> HttpRequest:
        """The list that the WhatsApp business account keeps."""
        return _whatsapp_templates.request(account, api_url, page)

    def read_templates(self, answer: Answer) -> TemplatePage:
        """Meta's page of templates."""
        return _whatsapp_templates.read(answer)

    def read_answer(self, answer: Answer) -> Outcome:
        """Meta's answer: an id, or an error code."""
        return _whatsapp_sending.read_answer(answer)


def _check_number(found: list[Located]) -> None:
    """Raises PayloadError once there are more items than Meta sends: empty ones take three bytes each, and memory."""
    if len(found) > MOST_ITEMS:
        raise PayloadError(f"more than {MOST_ITEMS:,} items in one delivery")


def _read_change(
    found: list[Located],
    change: object,
    entry: dict[str, Any],
    path: str,
    account: AccountSettings,
    received_at: datetime,
) -> None:
    """`found` gains every item of one change. What goes wrong with one is told at its path and spares the others."""
    value = as_object(change).get("value")
    if not isinstance(value, dict):
        found.append(Located(item=NotUnderstood(reason="change without a value"), path=path))
        return
    metadata = as_object(value.get("metadata"))
    account_id = as_word(entry.get("id"))
    here = Circumstances(
        route=as_word(metadata.get("phone_number_id")),
        account_id=account_id,
        scope=account.plain.get("portfolio_id") or account_id,
        own_number=digits_of(as_word(metadata.get("display_phone_number"))),
        contacts=contacts_of(value),
        errors=as_list(value.get("errors")),
        received_at=received_at,
        entry_time=entry.get("time"),
    )
    line = f"+{here.own_number}" if here.own_number else ""
    for place, reader, piece in _pieces(as_word(as_object(change).get("field")), value, f"{path}.value"):
        try:
            if not isinstance(piece, dict):
                raise OddPartError("not an object")
            items = reader(here, piece)
        except OddPartError as odd:
            items = [NotUnderstood(reason=str(odd))]
        except Exception as error:  # a fault of ours: the item is kept to be replayed, its neighbours go on
            items = [NotUnderstood(reason=f"{type(error).__name__} while reading it")]
        for item in items:
            found.append(Located(item=item, path=place, route=here.route, line=line))
        _check_number(found)


def _pieces(field: str, value: dict[str, Any], path: str) -> Iterator[tuple[str, Reader, Any]]:
    """Each single thing of a change, with its place and its reader."""
    known = False
    for name, reader in _LISTS.items():
        if value.get(name) is not None:
            known = True
            if name == "messages" and field == "history":
                reader = history_media_items  # noqa: PLW2901
            yield from _elements(value[name], f"{path}.{name}", reader)
    if "history" in value:
        known = True
        yield from _history_pieces(value["history"], f"{path}.history")
    for name, listed in value.items():
        if name not in _KNOWN_NAMES and isinstance(listed, list) and listed and field not in ACCOUNT_FIELDS:
            yield f"{path}.{nameable(name)}", _unknown(f"list {nameable(name)}"), {}
            known = True
    if not known and field in ACCOUNT_FIELDS:
        yield path, partial(account_items, kind=field), value
    elif not known:
        yield path, _unknown(f"field {nameable(field)}"), {}


def _elements(listed: object, path: str, reader: Reader) -> Iterator[tuple[str, Reader, Any]]:
    """Each element of a list; what should be a list and is none is one odd piece."""
    if not isinstance(listed, list):
        yield path, _unknown("not a list"), {}
        return
    for index, piece in enumerate(listed):
        yield f"{path}[{index}]", reader, piece


def _history_pieces(history: object, path: str) -> Iterator[tuple[str, Reader, Any]]:
    """The messages of every thread of a history chunk, and the errors that stand in place of threads."""
    for place, _, chunk in _elements(history, path, error_items):
        chunk_of = as_object(chunk)
        if not ("threads" in chunk_of or "errors" in chunk_of):
            yield place, _unknown("history without threads"), {}
        if "errors" in chunk_of:
            yield from _elements(chunk_of["errors"], f"{place}.errors", error_items)
        if "threads" in chunk_of:
            for spot, _, thread in _elements(chunk_of["threads"], f"{place}.threads", error_items):
                reader = partial(history_items, thread=as_object(thread))
                yield from _elements(as_object(thread).get("messages"), f"{spot}.messages", reader)


def _unknown(what: str) -> Reader:
    """A reader that reports `what`."""

    def report(here: Circumstances, piece: dict[str, Any]) -> list[Item]:
        raise OddPartError(what)

    return report


_LISTS: Mapping[str, Reader] = MappingProxyType(
    {
        "messages": customer_items,
        "message_echoes": echo_items,
        "statuses": status_items,
        "user_preferences": preference_items,
        "user_id_update": user_id_update_items,
        "state_sync": address_book_items,
        "errors": error_items,
    }
)
_KNOWN_NAMES = frozenset({*_LISTS, "history", "contacts", "metadata", "messaging_product"})

ADAPTER = WhatsAppCloud()
