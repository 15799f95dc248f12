"""Open reviews as rows of the queue: two people, why they may be one, and what would collide."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from profiles.models import ChannelIdentity, ConsentEvent
from profiles.review_queue import ReviewView
from profiles.wording import kind_words
from timeline.identity.why_page import identifier_line
from timeline.pages.panel import name_of
from timeline.showing.wording import channel_of, isolated

#: Kind of review -> (icon, tone).
KINDS = {"conflict": ("triangle-alert", "warn"), "claim": ("user-plus", "quiet"), "duplicate": ("users", "quiet")}


@dataclass(slots=True)
class Person:
    """One of the pair: name, channels (code, icon, word) and when they were last heard of."""

    id: int
    name: str
    channels: list[tuple[str, str, str]] = field(default_factory=list)
    last_seen: datetime | None = None
    refused: set[str] = field(default_factory=set)
    granted: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """`at` is when it was raised, or raised again; `collides` are chips, in words."""

    id: int
    icon: str
    tone: str
    word: str
    one: Person
    other: Person
    reasons: list[str]
    at: datetime
    is_again: bool
    collides: list[str]


def rows_of(reviews: Sequence[ReviewView]) -> list[ReviewRow]:
    """The reviews with what is known of both people, in two queries."""
    people = {side.id: Person(side.id, name_of(side.display_name)) for r in reviews for side in (r.one, r.other)}
    _add_channels(people)
    _add_consents(people)
    return [_row(review, people[review.one.id], people[review.other.id]) for review in reviews]


def kind_word(kind: str) -> str:
    """What an agent calls a kind of review."""
    return {"conflict": _("Conflict"), "claim": _("Claim")}.get(kind, _("Look alike"))


def reasons_of(review: ReviewView) -> list[str]:
    """Why the two may be one, what was proved first; who claims something is named."""
    proved_first = sorted(review.reasons, key=lambda reason: reason.get("code") != "held")
    return [_reason(reason, review) for reason in proved_first]


def _reason(reason: Mapping[str, Any], review: ReviewView) -> str:
    sides = {review.one.id: review.other, review.other.id: review.one}
    kind, by, because = str(reason.get("kind", "")), reason.get("by"), str(reason.get("because", ""))
    if not kind:
        return str(reason["words"])
    facts = {"identifier": identifier_line(kind, str(reason.get("value", "")))}
    if reason.get("code") in ("claimed", "typed") and by in sides:
        claimer = review.one if by == review.one.id else review.other
        facts["claimer"], facts["holder"] = (isolated(name_of(who.display_name)) for who in (claimer, sides[by]))
        if reason["code"] == "typed":
            said = _("%(claimer)s gave the %(identifier)s as theirs; a colleague wrote it down for %(holder)s")
            return said % facts
        return _("%(claimer)s gave the %(identifier)s as theirs; it was proved to be %(holder)s’s") % facts
    if reason.get("code") == "held" and because.startswith("limit:"):
        facts["limit"] = kind_words(because.removeprefix("limit:"))
        return _("Both have the %(identifier)s, but each has a %(limit)s of their own") % facts
    return str(reason["words"])


def _row(review: ReviewView, one: Person, other: Person) -> ReviewRow:
    icon, tone = KINDS.get(review.kind, KINDS["duplicate"])
    return ReviewRow(
        id=review.id,
        icon=icon,
        tone=tone,
        word=kind_word(review.kind),
        one=one,
        other=other,
        reasons=reasons_of(review),
        at=review.again_since or review.raised_at,
        is_again=review.again_since is not None,
        collides=_collides(review, one, other),
    )


def _collides(review: ReviewView, one: Person, other: Person) -> list[str]:
    because = {str(reason.get("because", "")) for reason in review.reasons}
    words = []
    if any(code.startswith("limit:customer_id") for code in because):
        words.append(_("Two customer numbers"))
    elif any(code.startswith("limit:") for code in because):
        words.append(_("A limit says no"))
    if "different" in because:
        words.append(_("Somebody said different"))
    if one.granted & other.refused or other.granted & one.refused:
        words.append(_("Consents differ"))
    return words


def _add_channels(people: dict[int, Person]) -> None:
    rows = ChannelIdentity.objects.filter(profile_id__in=people, void_in=None).order_by("id")
    for profile_id, channel, last_seen in rows.values_list("profile_id", "account__channel", "last_seen"):
        person = people[profile_id]
        told = (channel, *channel_of(channel))
        if told not in person.channels:
            person.channels.append(told)
        if last_seen and (person.last_seen is None or last_seen > person.last_seen):
            person.last_seen = last_seen


def _add_consents(people: dict[int, Person]) -> None:
    """The newest word of each address on each purpose."""
    rows = ConsentEvent.objects.filter(channel_identity__profile_id__in=_ids(people)).order_by("occurred_at", "id")
    newest = {
        (profile_id, identity, purpose): is_granted
        for profile_id, identity, purpose, is_granted in rows.values_list(
            "channel_identity__profile_id", "channel_identity_id", "purpose", "is_granted"
        )
    }
    for (profile_id, _identity, purpose), is_granted in newest.items():
        (people[profile_id].granted if is_granted else people[profile_id].refused).add(purpose)


def _ids(people: Collection[int]) -> list[int]:
    return sorted(people)
