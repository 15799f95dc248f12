"""What the suite has to be told of a provider."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from channels_ingest.adapters.base import AccountSettings, Adapter, Delivery, PayloadError
from channels_ingest.adapters.sending import MailHead
from channels_ingest.messages import Located
from channels_ingest.simulator.plays.base import Person, Play
from tests.channels_ingest.describing import PAYLOADS, RECEIVED_AT


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request as the provider posts it. A signer may change the body (Mailgun) or add a query."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""


class Sign(Protocol):
    def __call__(self, body: bytes, *, secret: str, url: str, at: datetime) -> Signed:
        """`body` as the provider signs it for `url` with `secret`, at `at`."""


#: What no provider sends: signed all the same, it must be kept to be looked at, and must cost nothing.
FOREIGN = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"{",
    b"NaN",
    b"\x00",
    b"\xff\xfe\x00\x01",
    b"a=b",
    b"&&=&",
    b"%",
    b"--x\r\n\r\n",
    b'{"canary-text": "canary-text"}',
    b"canary-text=canary-text",
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b"9" * 5_000,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """How a provider's deliveries look and are signed.

    `values` are the settings the account is connected with; `signing` names the one that signs, `another` is a second
    value it could have. `message(text, key)` is the smallest body with one message of a customer, `key` being what is
    particular in the provider's id of it (ASCII letters and digits); `batch` is one body with many such messages, None
    where the provider sends each by itself. `payloads` are glob patterns of real deliveries in `payloads/`.

    `window` is how long a signature stays good, only for a sender that stamps each attempt anew. `uncovered` is empty
    where the signature covers the body; else it says what keeps a captured one from being used with another body.
    `play` is the simulator's side and `person` whom it plays; an adapter that sends must have both. `mail_head` is what
    a mail needs besides its text. `reports_nothing` is for providers that never say what became of a message.
    `makes` are kind and direction of the entry that a small message becomes.
    """

    adapter: Adapter
    values: Mapping[str, str]
    signing: str
    another: str
    sign: Sign
    message: Callable[[str, str], bytes]
    payloads: Sequence[str]
    content_type: str = "application/json"
    batch: Callable[[Sequence[tuple[str, str]]], bytes] | None = None
    window: timedelta | None = None
    uncovered: str = ""
    foreign: Sequence[bytes] = FOREIGN
    play: Play | None = None
    person: Person | None = None
    mail_head: MailHead | None = None
    reports_nothing: bool = False
    makes: tuple[str, str] = ("message", "in")

    @property
    def files(self) -> list[Path]:
        """The payload files, by name."""
        found = {path for pattern in self.payloads for path in PAYLOADS.glob(pattern)}
        return sorted(path for path in found if not path.name.endswith(".expected.json"))

    @property
    def plain(self) -> dict[str, str]:
        """The settings that are no secrets: all that reading may need."""
        secret = {setting.name for setting in self.adapter.settings if setting.secret}
        return {name: value for name, value in self.values.items() if name not in secret}

    def read(self, body: bytes) -> list[Located]:
        """What the adapter makes of a body; nothing of one that is foreign to it. Any other error is a fault."""
        delivery = Delivery(body=body, headers={"content-type": self.content_type})
        try:
            return self.adapter.normalise(delivery, AccountSettings(plain=self.plain), RECEIVED_AT)
        except PayloadError:
            return []
