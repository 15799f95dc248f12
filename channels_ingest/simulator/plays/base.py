"""The shape of a play: a provider's API and its webhooks, over real HTTP with real signatures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.sending import Answer, HttpRequest
from timeline.entries import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message as the provider's API took it: whom it is for, what it says, under which id the provider keeps it.

    `reference` and `status_url` are what the sender gave along, empty if the provider's API has no place for them.
    """

    message_id: str
    to: str
    text: str
    reference: str = ""
    status_url: str = ""
    subject: str = ""
    html: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The customer the simulator plays on this channel: an address, and the name the provider would tell."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One signed webhook request to the hub; `url` is absolute."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Play(Protocol):
    """One provider. `webhook_url` is the account's, as `connect` printed it; the settings hold its receiving secrets.

    Pure but for randomness of ids: no database, no clock, no network.
    """

    provider: str

    def take(self, request: HttpRequest) -> Taken | Answer:
        """What the API makes of a request; an Answer is its own refusal of a wrong one."""

    def answer(self, taken: Taken) -> Answer:
        """What the API says once it took it."""

    def status(
        self, taken: Taken, delivery: Delivery, at: datetime, account: AccountSettings, *, webhook_url: str
    ) -> Post | None:
        """The webhook that reports `delivery`; None if the provider reports no such thing."""

    def incoming(
        self, person: Person, text: str, at: datetime, account: AccountSettings, *, webhook_url: str, answers: str = ""
    ) -> Post:
        """The webhook for a message `person` writes; `answers` is the id of the message it replies to."""


@runtime_checkable
class PlaysListing(Protocol):
    """A play whose provider lists what came in."""

    def message_id_of(self, post: Post) -> str:
        """The provider's id of the message that a webhook brings."""

    def listing(self, request: HttpRequest, kept: Sequence[tuple[datetime, bytes]]) -> Answer | None:
        """The list of what customers wrote, given newest first with the webhook's body; None if it was not asked."""


@runtime_checkable
class RefusesByCode(Protocol):
    """A play that knows how its provider says no; others refuse in a general way."""

    def refuse(self, code: str) -> Answer:
        """The API's refusal with the provider's error code."""


@runtime_checkable
class PlaysTemplates(Protocol):
    """A play whose provider lists the templates of a line."""

    def templates(self, request: HttpRequest) -> Answer | None:
        """The list; None if it was not asked."""


@runtime_checkable
class KeepsMedia(Protocol):
    """A play that also has the files its customers sent."""

    def media(self, request: HttpRequest) -> Answer:
        """What the API says to a GET for a file, or for where it is."""
