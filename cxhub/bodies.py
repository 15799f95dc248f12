"""How much of a body is read, and from whom, while nobody knows yet who sends it.

What is short is read from everybody. The rest of a long body is read only where long ones are due, and only when the
hub, asked with HEAD and the same headers, does not turn the sender away: a stranger who has no webhook's address, no
token and no session holds `STRANGERS_BYTES` and no more. Providers have a share of the memory that nobody else takes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

STRANGERS_BYTES = 64 * 1024
#: Files that staff attach, and mails that the simulator takes.
STAFF_BYTES = 40 * 1024 * 1024
API_BYTES = 1024 * 1024
#: Our own servers tell in lists; `evidence_api` has a limit of its own just below.
EVIDENCE_BYTES = 5 * 1024 * 1024
#: A file that a visitor attaches, and what surrounds it.
UPLOAD_BYTES = 10 * 1024 * 1024 + 1024

#: Bodies being read or worked at one time, by who sends them; above it senders are asked to come back.
WEBHOOKS_SHARE_BYTES = 160 * 1024 * 1024
CHATS_SHARE_BYTES = 64 * 1024 * 1024
OTHERS_SHARE_BYTES = 96 * 1024 * 1024

WEBHOOKS = "/webhooks/"
#: Our own servers, whose imports must not take agents' threads.
EVIDENCE = ("/api/v1/identify/", "/api/v1/events/")
API = "/api/v1/"
#: Files for messages that programs send: as large as those that agents attach on the page.
API_UPLOADS = "/api/v1/uploads/"
SIMULATED = "/simulator/"
CHATTED = "/chat/v1/"
UPLOADED = "/chat/v1/uploads"
#: Answers 204 to staff and 401 to all others.
STAFF = "/session/staff/"
#: What HEAD answers where the sender may go on: the address exists, and what may be done there is another method.
_WELCOME = frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.METHOD_NOT_ALLOWED})


class RefusedError(Exception):
    """The request is not taken; `status` says why."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(slots=True)
class Share:
    """The memory for bodies of one kind of sender."""

    most_bytes: int
    held_bytes: int = 0

    def take(self, count: int) -> None:
        """So much more is held. Raises RefusedError if it is too much; it is counted all the same."""
        self.held_bytes += count
        if self.held_bytes > self.most_bytes:
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE)

    def give_back(self, count: int) -> None:
        """So much is no longer held."""
        self.held_bytes -= count


@dataclass(slots=True)
class Limits:
    """The limits of one web process. `webhook_bytes` are the adapters' own, by provider; `is_for_staff` knows pages."""

    webhook_bytes: Mapping[str, int] = field(default_factory=dict)
    is_for_staff: Callable[[str], bool] = lambda path: False
    webhooks: Share = field(default_factory=lambda: Share(WEBHOOKS_SHARE_BYTES))
    chats: Share = field(default_factory=lambda: Share(CHATS_SHARE_BYTES))
    others: Share = field(default_factory=lambda: Share(OTHERS_SHARE_BYTES))

    def share(self, path: str) -> Share:
        """Whose memory a body for this address is kept in."""
        if path.startswith((WEBHOOKS, *EVIDENCE)):
            return self.webhooks
        return self.chats if path.startswith(CHATTED) else self.others

    def asked_at(self, path: str) -> str:
        """Where HEAD tells whether the sender is known: a page may refuse the method before it looks who asks."""
        return STAFF if self.share(path) is self.others and self.is_for_staff(path) else path

    def most_bytes(self, path: str) -> int:
        """The longest body that is due at this address, of whoever may post there."""
        if path.startswith(WEBHOOKS):
            # An adapter refuses what is longer by one byte, and counts it.
            provider = path.removeprefix(WEBHOOKS).partition("/")[0]
            return max(STRANGERS_BYTES, self.webhook_bytes.get(provider, 0) + 1024)
        if path.startswith(CHATTED):
            return UPLOAD_BYTES if path.rstrip("/") == UPLOADED else STRANGERS_BYTES
        if path.startswith(EVIDENCE):
            return EVIDENCE_BYTES
        if path.startswith(API):
            return STAFF_BYTES if path == API_UPLOADS else API_BYTES
        return STAFF_BYTES if path.startswith(SIMULATED) or self.is_for_staff(path) else STRANGERS_BYTES


def is_welcome(status: int) -> bool:
    """Whether one whom HEAD answered so may send the rest."""
    return status in _WELCOME
