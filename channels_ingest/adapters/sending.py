"""The shape of the sending half of an adapter: provider-free values in, one request out, the answer read back. Pure.

Nothing here talks to anybody: `channels_ingest.sending` claims, posts and records. A provider without sending
credentials is rendered just the same, against the simulator's address.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.reading import as_object


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file that goes along: `link` is where the provider may fetch it, `content` is for who takes bytes.

    `handle` is the provider's own id of it, where it was handed over beforehand (`UploadsFiles`).
    """

    name: str
    mime_type: str
    content: bytes = field(repr=False)
    link: str = field(default="", repr=False)
    handle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text the provider approved beforehand, with the parameters of its body in order.

    `names` are those of named parameters. `header` is the header's parameter, a link when `header_kind` is `image`,
    `video` or `document`. `buttons` are (place, `url` or `copy_code`, parameter) of the buttons that take one.
    """

    name: str
    language: str
    parameters: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    header: str = ""
    header_kind: str = "text"
    buttons: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTemplate:
    """A template as the provider lists it. `components` are header, body, footer and buttons, as Meta writes them.

    `status` is `APPROVED` when it can be sent; `category` is `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    """

    name: str
    language: str
    shown_name: str = ""
    category: str = ""
    status: str = ""
    components: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class TemplatePage:
    """Some of a line's templates, and by what the next ones are asked for; empty after the last."""

    templates: Sequence[ListedTemplate]
    next_page: str = ""


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

    def said(self) -> dict[str, Any]:
        """The JSON object in the body; empty if there is none."""
        try:
            return as_object(json.loads(self.body))
        except (ValueError, RecursionError):
            return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider has it, under this id of its own."""

    provider_message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider will not send it, and trying again changes nothing. `code` is the provider's, `reason` our words.

    `closes` says what it means for the address: `opted_out`, `window` (WhatsApp's 24 hours), `unreachable`, or nothing;
    or, as `credentials`, that the whole line cannot send.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRules:
    """Which files a line takes. `most_bytes` is by mime type, by its first half with a slash (`image/`), or by an empty
    word for every other; a type that is none of them is not taken, and `takes` says in words which are.

    A message carries `per_message` files of `total_bytes` together. One of the types in `captioned` carries its text
    too, if that is not longer than `longest_caption`. With `fetches` the provider asks the hub for the files, which so
    must be reachable from outside. Where nothing is taken, `refusal` says why.
    """

    most_bytes: Mapping[str, int] = field(default_factory=dict)
    takes: str = ""
    per_message: int = 10
    total_bytes: int = 25 * 1024 * 1024
    captioned: tuple[str, ...] = ("",)
    longest_caption: int = 200_000
    fetches: bool = False
    refusal: str = ""


@runtime_checkable
class TakesFiles(Protocol):
    """An adapter that sends files, or says why not."""

    def file_rules(self, account: AccountSettings) -> FileRules:
        """What the line takes."""


@runtime_checkable
class UploadsFiles(Protocol):
    """An adapter whose provider takes a file beforehand, under an id of its own that the message then names."""

    def render_upload(self, file: OutgoingFile, account: AccountSettings, *, api_url: str) -> HttpRequest:
        """The request that hands the file over."""

    def read_upload(self, answer: Answer) -> Outcome:
        """Accepted with the provider's id of the file, or why not. Never raises."""


@runtime_checkable
class TakesTemplates(Protocol):
    """A sending adapter whose provider knows texts by name. What others are given as a template is refused at once."""

    takes_templates: bool


@runtime_checkable
class ListsTemplates(Protocol):
    """An adapter whose provider tells which templates a line has."""

    def templates_request(self, account: AccountSettings, *, api_url: str, page: str = "") -> HttpRequest:
        """The request for one page of them. Raises CannotSendError when a setting for it is missing."""

    def read_templates(self, answer: Answer) -> TemplatePage:
        """What is on the page. Raises CannotSendError for anything but a list, with the provider's reason."""


@runtime_checkable
class DeliversItself(Protocol):
    """An adapter whose customers read the hub's own database, as the web chat's: the entry's commit is the delivery.

    Nothing is posted. The entry is `sent` at once, and its provider message id is our reference.
    """

    delivers_itself: bool
