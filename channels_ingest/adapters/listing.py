"""The shape of what an adapter may add: listing recent messages, for providers that keep them. Pure, like the rest.

A webhook that never came leaves a gap; `channels_ingest.reconciling` fills it from such a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.sending import Answer, HttpRequest


class ListingError(ValueError):
    """The provider's answer is no list; the message says what came, never what it held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A message that a customer wrote: `body` is what the webhook would have carried, `at` when the provider had it.

    `more` is the address of what the list leaves out, empty when it says all.
    """

    message_id: str
    at: datetime
    body: bytes
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of the list, newest first; `next_page` is where the older ones are, empty on the last."""

    messages: tuple[Listed, ...]
    next_page: str = ""


@runtime_checkable
class ListsMessages(Protocol):
    """An adapter whose provider lists what came in."""

    def lists(self, account: AccountSettings, numbers: Sequence[str], since: datetime) -> Sequence[str]:
        """Where to ask, below the API's address: one place for each of our numbers."""

    def ask(self, account: AccountSettings, place: str, *, api_url: str) -> HttpRequest:
        """The request for a place that `lists`, a page or a message named."""

    def read_page(self, answer: Answer) -> Page:
        """The messages of a page. Raises ListingError."""

    def add_more(self, listed: Listed, answer: Answer) -> Listed:
        """The message with what its `more` says. Raises ListingError."""
