"""What a template shows of an entry, as plain values."""

from dataclasses import dataclass, field
from datetime import datetime

from timeline.entries import Direction, EntryKind
from timeline.identity.lines import IdentityLine
from timeline.models import Entry
from timeline.showing.attachments import Attachment, Formatted
from timeline.showing.contents import Card, Order, Place
from timeline.showing.events import EventCard, Page
from timeline.showing.handoffs import HandoffView
from timeline.showing.mails import MailView
from timeline.showing.notes import NoteView
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """The line that stands for entries in a row. `kind` is pages, work or order."""

    kind: str
    icon: str
    words: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DueView:
    """`entry_id` is the message that waits for an answer; `word` says for which: the first one, or a further one."""

    entry_id: int
    at: datetime
    is_late: bool
    word: str


#: Characters of a text that stand in the story, which may hold fifty such; a page of its own has the whole.
MOST_SHOWN = 20_000
MOST_FILES_SHOWN = 12


@dataclass(slots=True, kw_only=True)
class EntryView:
    """One entry with everything its template shows. `shape` names the template in `templates/entry/`."""

    entry: Entry
    shape: str
    channel: str
    channel_icon: str
    channel_word: str
    who: str
    address: str = ""  # the customer's own, where they have several on the channel
    line: str  # the account's name, when the customer wrote to more than one
    is_continued: bool = False
    handoff: HandoffView | None = None  # the customer went on here from another channel
    due: DueView | None = None  # it waits for an answer until then
    session: str = ""  # the label of the session that begins with it
    fold: Fold | None = None  # the line above it, when it is the first of a run
    is_folded: bool = False  # behind a closed line
    is_unfolded: bool = False  # behind an open one
    about: "EntryView | None" = None  # a survey's last message before it, unless that stands right above
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
    mistaken_by: str = ""  # the colleague who said that somebody else wrote it
    page: Page | None = None
    card: EventCard | None = None
    identity: IdentityLine | None = None
    mail: MailView | None = None
    colleague_note: NoteView | None = None
    missing_parts: str = ""  # of a long text, in words
    missing: str = ""  # why there is no content, said honestly
    doubt: str = ""  # why its sender may be somebody else
    is_held: bool = False  # a message that may have been an opt-out: somebody should look

    @property
    def text(self) -> str:
        """What is said now, as far as the page shows it: of a mail, without what repeats earlier ones."""
        return self._said[:MOST_SHOWN]

    @property
    def repeated(self) -> str:
        """What repeats earlier mails, as far as the page has it."""
        return self.mail.repeated[:MOST_SHOWN] if self.mail else ""

    @property
    def is_cut(self) -> bool:
        """Whether the page shows only the beginning of its text."""
        return max(len(self._said), len(self.mail.repeated) if self.mail else 0) > MOST_SHOWN

    @property
    def _said(self) -> str:
        return self.mail.text if self.mail else self.entry.text

    @property
    def first_files(self) -> list[Attachment]:
        """The files that are seen at once; nearly all messages have no more."""
        return self.attachments[:MOST_FILES_SHOWN]

    @property
    def more_files(self) -> list[Attachment]:
        """The others, behind a click."""
        return self.attachments[MOST_FILES_SHOWN:]

    @property
    def id(self) -> str:
        """The entry's id as addresses and anchors say it."""
        return str(self.entry.pk)

    @property
    def has_marks(self) -> bool:
        """Whether something is said above what was said."""
        said = self.is_group or self.missing_parts or self.forwarded or self.mistaken_by
        return bool(said or self.entry.is_backfilled)

    @property
    def is_text(self) -> bool:
        """Whether it carries text and nothing else, as most messages do."""
        if self.mail or self.missing or self.attachments or self.formatted or self.is_cut or not self.entry.text:
            return False
        return not (self.place or self.cards or self.order or self.choice or self.choice_description)

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
    def fold_key(self) -> str:
        """What neighbours must share to fold into one line; empty for what always stands alone."""
        if self.entry.is_withheld:
            return f"withheld:{self.entry.account_id}"
        if self.page:
            return "pages"
        if self.card:
            return f"order:{self.card.order}" if self.card.order else ""
        is_open_end = self.entry.detail.get("type") in ("promised", "kept")
        return "work" if self.entry.kind in (EntryKind.WORK, EntryKind.SYSTEM) and not is_open_end else ""

    @property
    def outcome(self) -> str:
        """What it says of the matter: "resolved", "reopened", or nothing."""
        what = self.entry.detail.get("type") if self.entry.kind == EntryKind.WORK else ""
        return what if what in ("resolved", "reopened") else ""

    @property
    def fold_word(self) -> str:
        """How a fold names it."""
        if self.entry.is_withheld:
            return self.entry.account.name
        if self.page:
            return self.page.title
        return (self.card.state or self.card.title) if self.card else self.title

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
