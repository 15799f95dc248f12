"""Web chat: what visitors of a site do in our own widget, as the chat's endpoints stored it.

Nobody posts to its webhook: visitors speak with `/chat/v1/`, where the session is checked, and each envelope's headers
say what was checked (`webchat.calls`). What a visitor typed about themselves is a claim; only what the site's
server signed is proved.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from channels_ingest.adapters._origins import check_origins
from channels_ingest.adapters.base import AccountSettings, Adapter, Delivery, PayloadError, Setting, clean, read_json
from channels_ingest.adapters.reading import as_list, as_object, as_word, digest
from channels_ingest.messages import Amendment, Introduction, Item, Located, Message
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender
from timeline.entries import AmendmentKind, Direction, EntryKind

PROVIDER = "webchat"
#: What an envelope's headers say: which call it was, whose, and which customer the session was proved to be.
CALL = "call"
VISITOR = "visitor"
WIDGET = "widget"
CUSTOMER_SCOPE = "customer_scope"
CUSTOMER_ID = "customer_id"

MESSAGE, CONTACT, IDENTIFY, PAGE, RECEIPT = "message", "contact", "identify", "page", "receipt"
LONGEST_TEXT = 4_000
_LONGEST_TRAIT_SOURCE = 40
SHORTEST_IDENTITY_SECRET = 32
#: When visitors are asked who they are.
ASK_WHO, BEFORE, AWAY = "ask_who", "before", "away"
#: Claims of an identity token that become traits, as they are.
_TRAITS = ("name", "first_name", "last_name", "company", "plan", "locale")


def check_identity_secret(value: str) -> str:
    """What is wrong with a secret, in words, or nothing.

    Whoever is logged in on the site has a token that it signed, and may try words on it for as long as they like.
    """
    is_long = len(value) >= SHORTEST_IDENTITY_SECRET
    return "" if is_long else f"expected at least {SHORTEST_IDENTITY_SECRET} characters; make it: openssl rand -hex 32"


def check_ask_who(value: str) -> str:
    """What is wrong with the setting, in words, or nothing."""
    return "" if value in (BEFORE, AWAY, "never") else f"expected {BEFORE}, {AWAY} or never"


class Webchat:
    """See `base.Adapter`."""

    provider = PROVIDER
    channel = "chat"
    settings: tuple[Setting, ...] = (
        Setting(
            name="allowed_origins",
            meaning="the sites that may show the widget, such as https://shop.example, commas between",
            required=True,
            check=check_origins,
        ),
        Setting(
            name="identity_secret",
            meaning="signs the identity tokens of logged-in customers, HS256, at least 32 characters",
            secret=True,
            check=check_identity_secret,
        ),
        Setting(name="identity_public_key", meaning="the PEM of an Ed25519 key that signs them instead, EdDSA"),
        Setting(name="identity_issuer", meaning="the only iss an identity token may name; it scopes its sub"),
        Setting(name="greeting", meaning="what the empty chat says"),
        Setting(name="title", meaning="the chat's name in its head"),
        Setting(
            name=ASK_WHO,
            meaning="before: visitors are asked for name and e-mail first, if they like; away: only outside the hours",
            check=check_ask_who,
        ),
    )
    max_body_bytes = 64_000
    kept_headers: tuple[str, ...] = ()
    refusal_status = 403
    route_setting = ""
    delivers_itself = True  # the visitor's widget reads what was committed: see `webchat.conversation`

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """There is none."""

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Never: visitors do not come this way."""
        return False

    def delivery_key(self, delivery: Delivery) -> str:
        """Never asked for."""
        return digest(delivery.body.hex())

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """One item; a receipt gives one for each message it is about."""
        reader = _READERS.get(delivery.headers.get(CALL, ""))
        if reader is None or not delivery.headers.get(VISITOR):
            raise PayloadError("expected a call of the chat, with its visitor")
        items = reader(read_json(delivery.body), delivery.headers, received_at)
        return [Located(item=item, path=f"[{number}]") for number, item in enumerate(items)]


def message_key(visitor: str, client_message_id: str) -> str:
    """The id of a visitor's message. The visitor's own name for it counts only among this visitor's messages."""
    return f"c-{digest(visitor, client_message_id)}"


def _message(body: Mapping[str, Any], facts: Mapping[str, str], at: datetime) -> list[Item]:
    client_id = as_word(body.get("client_message_id"))
    detail: dict[str, Any] = {"type": "text", "client_message_id": client_id}
    if page := as_object(body.get("page")):
        detail["page"] = page
    if files := as_list(body.get("attachments")):  # of the chat's own making: what a visitor says of files is not kept
        detail |= {"type": as_word(as_object(files[0]).get("type")), "attachments": files}
    return [
        Message(
            sender=_sender(facts),
            provider_message_id=message_key(facts[VISITOR], client_id),
            occurred_at=at,
            direction=Direction.IN,
            text=clean(body.get("text"))[:LONGEST_TEXT],
            detail=detail,
        )
    ]


def _contact(body: Mapping[str, Any], facts: Mapping[str, str], at: datetime) -> list[Item]:
    """What a visitor typed about themselves: shown, joins nobody, raises a review where somebody else has it."""
    told = {name: as_word(body.get(name)) for name in ("name", "email", "phone") if as_word(body.get(name))}
    kinds = {"email": IdentifierKind.EMAIL, "phone": IdentifierKind.PHONE}
    claims = tuple(SeenIdentifier(kind, told[name], "", Grade.CLAIMED) for name, kind in kinds.items() if name in told)
    return [
        Message(
            sender=_sender(facts, claims, {"name": told["name"]} if "name" in told else {}),
            provider_message_id=f"f-{digest(facts[VISITOR], told)}",
            occurred_at=at,
            direction=Direction.NONE,
            kind=EntryKind.CUSTOM,
            text="Contact form",
            detail={"type": "contact_form", "name": "Contact form", "told": told},
        )
    ]


def _identify(claims: Mapping[str, Any], facts: Mapping[str, str], at: datetime) -> list[Item]:
    """What the site's server signed. An address without its verified flag is a claim."""
    found = []
    for kind, name in ((IdentifierKind.EMAIL, "email"), (IdentifierKind.PHONE, "phone")):
        value = as_word(claims.get(name)) or as_word(claims.get(f"{name}_number"))
        is_verified = claims.get(f"{name}_verified") is True or claims.get(f"{name}_number_verified") is True
        if value:
            found.append(SeenIdentifier(kind, value, "", Grade.PROVED if is_verified else Grade.CLAIMED))
    traits = {name: as_word(claims.get(name)) for name in _TRAITS if as_word(claims.get(name))}
    return [
        Introduction(
            sender=_sender(facts, tuple(found), traits),
            key=f"i-{digest(facts[CUSTOMER_SCOPE], as_word(claims.get('jti')))}",
            source=facts[CUSTOMER_SCOPE][:_LONGEST_TRAIT_SOURCE],
            occurred_at=at,
        )
    ]


def _page(body: Mapping[str, Any], facts: Mapping[str, str], at: datetime) -> list[Item]:
    page = as_object(body.get("page"))
    return [
        Message(
            sender=_sender(facts),
            provider_message_id=f"p-{digest(facts[VISITOR], as_word(body.get('id')))}",
            occurred_at=at,
            direction=Direction.NONE,
            kind=EntryKind.PAGE_VIEW,
            text=clean(page.get("title")),
            detail=page,
        )
    ]


def _receipt(body: Mapping[str, Any], facts: Mapping[str, str], at: datetime) -> list[Item]:
    """The visitor's browser got, or the visitor saw, messages of ours."""
    state = as_word(body.get("state"))
    if state not in ("delivered", "read"):
        raise PayloadError("expected a receipt of delivered or read")
    return [
        Amendment(
            kind=AmendmentKind.STATUS,
            key=f"{message_id}:{state}",
            target_message_id=message_id,
            occurred_at=at,
            detail={"status": state, "delivery": state},
        )
        for message_id in map(as_word, as_list(body.get("messages")))
        if message_id
    ]


def _sender(
    facts: Mapping[str, str], more: tuple[SeenIdentifier, ...] = (), traits: Mapping[str, str] | None = None
) -> Sender:
    """The visitor, and the customer that the session was proved to be."""
    named = [SeenIdentifier(IdentifierKind.VISITOR, facts[VISITOR], facts.get(WIDGET, ""))]
    if customer_id := facts.get(CUSTOMER_ID):
        named.insert(0, SeenIdentifier(IdentifierKind.CUSTOMER_ID, customer_id, facts[CUSTOMER_SCOPE]))
    return Sender(address=facts[VISITOR], identifiers=(*named, *more), traits=traits or {})


Reader = Callable[[Mapping[str, Any], Mapping[str, str], datetime], list[Item]]
_READERS: Mapping[str, Reader] = MappingProxyType(
    {MESSAGE: _message, CONTACT: _contact, IDENTIFY: _identify, PAGE: _page, RECEIPT: _receipt}
)

ADAPTER: Adapter = Webchat()
