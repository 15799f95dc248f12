"""The shape of the sending half of an adapter: provider-free values in, one request out, the answer read back. Pure.

Nothing here talks to anybody: `channels_ingest.sending` claims, posts and records. A provider without sending
credentials is rendered just the same, against the simulator's address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from channels_ingest.adapters.base import AccountSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file that goes along: `link` is where the provider may fetch it, `content` is for who takes bytes."""

    name: str
    mime_type: str
    content: bytes
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text the provider approved beforehand, with its parameters in order."""

    name: str
    language: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHead:
    """What a mail says besides its body.

    `message_id` is ours and carries our HMAC, `reply_to` leads back into the thread, `references` are the newest last.
    """

    message_id: str
    subject: str
    reply_to: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message to one address. `reference` is ours: every provider hands it back with its statuses.

    `address` is the channel identity's, as the provider wrote it. `status_url` is where the provider reports to, with
    the reference in its query. `answers` is the provider's id of the message this one quotes, empty for none.
    """

    reference: str
    address: str
    text: str
    status_url: str
    answers: str = ""
    template: Template | None = None
    mail: MailHead | None = None
    files: tuple[OutgoingFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request to a provider's API. The credentials stand in `headers`: never log it."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpRequest:
    """One mail to a server that speaks SMTP. `copies` get it too, and none of them gets it if one is refused."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    envelope_from: str
    envelope_to: str
    copies: tuple[str, ...] = ()
    message: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. Header names are lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider has it, under this id of its own."""

    provider_message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider will not send it, and trying again changes nothing. `code` is the provider's, `reason` our words.

    `closes` says what it means for the address: `opted_out`, `window` (WhatsApp's 24 hours), `unreachable`, or nothing.
    """

    code: str
    reason: str
    closes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """The provider surely did not take it, and may later: a rate limit, a maintenance answer.

    With `whole_account` the limit is the line's and not the address's: nothing of it is sent for as long.
    """

    code: str
    reason: str
    after_seconds: float = 0.0
    whole_account: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """The provider may have taken it or not: nobody sends it again before a status or a person says so."""

    reason: str


Outcome = Accepted | Refused | TryLater | Unclear


class CannotSendError(ValueError):
    """This message cannot be written for this provider; the message says why, for an agent."""


@runtime_checkable
class Sends(Protocol):
    """The sending half of an adapter.

    `api_url` is the provider's own address, without a slash at its end; `sending_settings` are the settings without
    which the account sends into the simulator.
    """

    api_url: str
    sending_settings: tuple[str, ...]

    def render(self, outgoing: Outgoing, account: AccountSettings, *, api_url: str) -> HttpRequest | SmtpRequest:
        """The request that sends it, against `api_url`. Raises CannotSendError. Secrets may be missing (simulator)."""

    def read_answer(self, answer: Answer) -> Outcome:
        """What the provider's answer means. Never raises: what is not understood is Unclear."""


@runtime_checkable
class TakesTemplates(Protocol):
    """A sending adapter whose provider knows texts by name. What others are given as a template is refused at once."""

    takes_templates: bool


@runtime_checkable
class DeliversItself(Protocol):
    """An adapter whose customers read the hub's own database, as the web chat's: the entry's commit is the delivery.

    Nothing is posted. The entry is `sent` at once, and its provider message id is our reference.
    """

    delivers_itself: bool
