"""What an adapter makes of an envelope: provider-free, frozen items.

One envelope may hold hundreds. Each item says where in the payload it stood (`path`), so that a fault names its place,
and which of the provider's numbers it came in on (`route`), so that one callback can serve many channel accounts.
They are structs: a frozen dataclass takes ten times as long to make. `msgspec.structs.replace` makes a changed copy.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from profiles.identity.values import SeenIdentifier, Sender
from timeline.entries import AmendmentKind, Delivery, Direction, EntryKind


class Part(Struct, frozen=True, kw_only=True):
    """Content that came inside the delivery: an attached file, a picture within the text, the HTML form of the text.

    `role` is `attachment`, `inline` or `html`. `content_id` is how the HTML names an inline part, without brackets.
    The bytes go into file storage and never into the database.
    """

    role: str
    name: str
    mime_type: str
    content: bytes
    content_id: str = ""

    def __repr__(self) -> str:
        return f"Part({self.role}, {self.mime_type}, {len(self.content)} bytes)"


class Message(Struct, frozen=True, kw_only=True):
    """Something for the timeline. `sender` is the customer's side, also for what the business itself sent.

    A `placeholder` stands for content that has not come (yet) or is not understood (yet): the same
    `provider_message_id` with content replaces it. A `backfilled` message is history and asks nobody for an answer.
    `detail["type"]` is the provider-free content type: text, image, audio, video, document, sticker, media (history
    that did not say which), location, contacts, choice, order, system, unsupported. `detail["verdict"]["spam"]` is the
    provider's, `detail["automatic"]` says that a machine wrote it, `detail["opt_out"]` is stop, start or help where the
    provider itself read and answered the text so.
    """

    sender: Sender
    provider_message_id: str
    occurred_at: datetime
    direction: Direction
    kind: EntryKind = EntryKind.MESSAGE
    text: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    delivery: Delivery | None = None
    parts: tuple[Part, ...] = ()
    placeholder: bool = False
    backfilled: bool = False


class Amendment(Struct, frozen=True, kw_only=True):
    """An edit, revoke, reaction, delivery status or part of another message, which may be unknown or come later.

    `key` is unique for the event within the account. `detail` by kind: edit `{"text", "detail"}`; revoke `{}`;
    reaction `{"emoji" (empty: taken back), "from"}`; part of a long text `{"number", "text"}`; status `{"status"
    (provider's word), "delivery", "errors"?}`.
    `sender` is the customer's side; None when the provider did not say.
    """

    kind: AmendmentKind
    key: str
    target_message_id: str
    occurred_at: datetime
    sender: Sender | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


class AddressChange(Struct, frozen=True, kw_only=True):
    """The provider says that the person behind `sender` moved to another address.

    `became` are the new identifiers, proved to be the same person. `left` are the addresses that somebody else may
    use from `occurred_at` on: each starts a new epoch.
    """

    sender: Sender
    became: tuple[SeenIdentifier, ...]
    left: tuple[str, ...]
    occurred_at: datetime
    provider_message_id: str
    text: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


class ConsentChange(Struct, frozen=True, kw_only=True):
    """The customer opted in or out of a purpose (`marketing`, `all`) at this address, or a human should look (`hold`).

    `evidence` is the provider message id of the message that says it, empty when the change itself is all there is.
    `block` is the purpose that the provider itself blocks or opens with it. One that counts `only_after_opt_out` is
    left out where none stands.
    """

    sender: Sender
    key: str
    purpose: str
    granted: bool
    occurred_at: datetime
    source: str
    text: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    evidence: str = ""
    block: str = ""
    only_after_opt_out: bool = False


class ContactHint(Struct, frozen=True, kw_only=True):
    """Staff saved this address in the line's own address book: claimed, no message, nobody waits."""

    sender: Sender
    occurred_at: datetime


class Introduction(Struct, frozen=True, kw_only=True):
    """A trusted server says who somebody is: identifiers and traits, nothing for the timeline.

    `key` says which call told it. `source` is the name under which the traits are shown.
    """

    sender: Sender
    key: str
    source: str
    occurred_at: datetime


class AccountNotice(Struct, frozen=True, kw_only=True):
    """News about the line itself and not about a customer: a restriction, a template verdict, a rate limit."""

    key: str
    kind: str
    occurred_at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)


class Errand(Struct, frozen=True, kw_only=True):
    """Something to be had from the provider off the request: a subscription to confirm, a mail that lies elsewhere.

    `channels_ingest.errands` runs each `kind` once for each `key` of the account.
    """

    kind: str
    key: str
    detail: Mapping[str, Any] = field(default_factory=dict)


class NotUnderstood(Struct, frozen=True, kw_only=True):
    """A part of the payload the adapter has no meaning for; the envelope is kept to be replayed once it has."""

    reason: str


class Refused(Struct, frozen=True, kw_only=True):
    """A part that is wrong by the sender's own contract, which it can look up; replaying would change nothing."""

    reason: str


Item = (
    Message
    | Amendment
    | AddressChange
    | ConsentChange
    | ContactHint
    | Introduction
    | AccountNotice
    | Errand
    | NotUnderstood
    | Refused
)


class Located(Struct, frozen=True, kw_only=True):
    """An item, the place in the payload it came from, and the provider's number it belongs to (empty: the URL's).

    `line` is the number or mailbox of ours that it came in on, where the provider itself says so and signs it.
    """

    item: Item
    path: str
    route: str = ""
    line: str = ""
