"""What a template shows of an entry, as plain values."""

from dataclasses import dataclass, field
from datetime import datetime

from timeline.entries import Direction
from timeline.identity.lines import IdentityLine
from timeline.models import Entry
from timeline.showing.attachments import Attachment, Formatted
from timeline.showing.contents import Card, Order, Place
from timeline.showing.events import EventCard, Page
from timeline.showing.mails import MailView
from timeline.showing.previews import Preview


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The message that a message answers."""

    entry_id: int
    who: str
    preview: Preview


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """How far a sent message came, as icon and word, with the reason of a failure, a doubt or a delay.

    `sends_again` says that it was written here and may be sent once more; `again_id` is the entry that did so.
    """

    icon: str
    word: str
    tone: str
    reason: str
    sends_again: bool = False
    again_id: int | None = None
    is_simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditView:
    """A text that was replaced, and when."""

    previous_text: str
    at: datetime | None


@dataclass(slots=True, kw_only=True)
class EntryView:
    """One entry with everything its template shows. `shape` names the template in `templates/entry/`."""

    entry: Entry
    shape: str
    channel_icon: str
    channel_word: str
    who: str
    line: str  # the account's name, when the customer wrote to more than one
    is_continued: bool = False
    icon: str = ""
    title: str = ""
    note: str = ""
    type_word: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    formatted: Formatted | None = None
    place: Place | None = None
    cards: list[Card] = field(default_factory=list)
    order: Order | None = None
    choice: str = ""
    choice_description: str = ""
    quote: Quote | None = None
    delivery: DeliveryView | None = None
    reactions: list[dict[str, str]] = field(default_factory=list)
    edits: list[EditView] = field(default_factory=list)
    revoked_at: datetime | None = None
    forwarded: str = ""
    referral: dict[str, str] = field(default_factory=dict)
    is_group: bool = False
    page: Page | None = None
    card: EventCard | None = None
    identity: IdentityLine | None = None
    mail: MailView | None = None
    missing: str = ""  # why there is no content, said honestly
    doubt: str = ""  # why its sender may be somebody else
    is_held: bool = False  # a message that may have been an opt-out: somebody should look

    @property
    def text(self) -> str:
        """What is said now: of a mail, without what repeats earlier ones."""
        return self.mail.text if self.mail else self.entry.text

    @property
    def is_out(self) -> bool:
        """Whether the business said it."""
        return self.entry.direction == Direction.OUT

    @property
    def group_key(self) -> str:
        """What neighbours must share to stand under one header."""
        if self.shape != "message":
            return ""
        return f"{self.entry.channel_identity_id}.{self.entry.direction}.{self.author_id}"

    @property
    def author_id(self) -> str:
        """Which colleague wrote it, if one did: each has a header of their own."""
        by = self.entry.detail.get("by")
        return str(by.get("id", "")) if isinstance(by, dict) else ""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the timeline in the agent's zone, oldest entry first."""

    key: str
    moment: datetime
    entries: list[EntryView]
