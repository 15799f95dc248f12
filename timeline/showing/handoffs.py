"""A hand-off in words: where the customer went on, what stayed open, and why it is the same person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from profiles.ties import Tie
from timeline.entries import Direction, EntryKind, SetAside
from timeline.handoff import Event, Handoff, Spoken
from timeline.models import Entry
from timeline.showing.ages import span
from timeline.showing.previews import preview_of
from timeline.showing.wording import GRADES, channel_of, identifier_words, isolated

SAID_CHARACTERS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffView:
    """The banner. `reply` and `back` are the channel identities on the new and on the old channel."""

    entry_id: int
    channel: str
    icon: str
    word: str
    old_word: str
    gap: str
    unanswered: str
    unanswered_id: int | None
    why: str
    reply: int
    back: int


def spoken_of(entries: Iterable[Entry]) -> list[Spoken]:
    """What counts for hand-offs, oldest first: messages of and to one person, and what was called done."""
    found = [one for entry in entries if (one := _spoken(entry)) is not None]
    return sorted(found, key=lambda one: (one.at, one.entry_id))


def handoff_views(found: Sequence[Handoff], ties: Mapping[tuple[int, int], Tie]) -> dict[int, HandoffView]:
    """Each hand-off in words, by the entry that is one."""
    return {one.message.entry_id: _view(one, ties.get(pair_of(one))) for one in found}


def pair_of(handoff: Handoff) -> tuple[int, int]:
    """The channel identities that have to be one person for it."""
    return handoff.before.channel_identity, handoff.message.channel_identity


def _spoken(entry: Entry) -> Spoken | None:
    if entry.kind == EntryKind.WORK and entry.detail.get("type") == "resolved":
        event = Event.RESOLVED
    elif entry.kind != EntryKind.MESSAGE or entry.is_backfilled or entry.detail.get("group"):
        return None
    elif entry.direction == Direction.IN and entry.set_aside == SetAside.NOT:
        event = Event.ASKED
    elif entry.direction == Direction.OUT and not entry.detail.get("is_automatic") and entry.delivery != "failed":
        event = Event.ANSWERED
    else:
        return None
    preview = preview_of(entry)
    return Spoken(
        entry_id=entry.pk,
        channel_identity=entry.channel_identity_id,
        channel=entry.account.channel,
        at=entry.occurred_at,
        event=event,
        said=preview.text or preview.word,
    )


def _view(handoff: Handoff, tie: Tie | None) -> HandoffView:
    icon, word = channel_of(handoff.message.channel)
    old_word = channel_of(handoff.before.channel)[1]
    said = handoff.unanswered.said if handoff.unanswered else ""
    return HandoffView(
        entry_id=handoff.message.entry_id,
        channel=handoff.message.channel,
        icon=icon,
        word=word,
        old_word=old_word,
        gap=span(int(handoff.gap.total_seconds())),
        unanswered=said[: SAID_CHARACTERS - 1] + "…" if len(said) > SAID_CHARACTERS else said,
        unanswered_id=handoff.unanswered.entry_id if handoff.unanswered else None,
        why=_why(tie, (old_word, word)) if tie else "",
        reply=handoff.message.channel_identity,
        back=handoff.before.channel_identity,
    )


def _why(tie: Tie, words: tuple[str, str]) -> str:
    """By whose word, or by what both channels know of them and how far the weaker of the two can be believed."""
    if tie.kind == "decision":
        return _("Same person: decided by %(name)s") % {"name": isolated(tie.by)}
    strength = list(GRADES)
    weaker = max((0, 1), key=lambda side: strength.index(tie.grades[side]))
    facts = {
        "identifier": identifier_words(tie.kind, tie.value),
        "grade": str(GRADES[tie.grades[weaker]][1]).lower(),
        "channel": words[weaker],
    }
    return _("Same person: %(identifier)s, %(grade)s in %(channel)s") % facts
