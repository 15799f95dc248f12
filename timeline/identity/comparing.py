"""Two profiles side by side, and the one they would be: what the compare page shows, in words."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from profiles.identity.values import IdentifierKind
from profiles.ids import id_in
from profiles.preview import LiftedDecision, Preview
from profiles.reading import ConsentView, OtherValue, ProfileView, TraitView
from profiles.wording import kind_words, rule_words, value_words
from timeline.entries import EntryKind
from timeline.models import Entry
from timeline.pages.panel import AddressRow, IdentifierRow, Panel, panel_of
from timeline.reading import timeline_page
from timeline.showing.previews import Preview as EntryLine
from timeline.showing.previews import preview_of
from timeline.showing.wording import PURPOSES, SOURCES, TRAITS, channel_of, words_of

LATEST = 5
MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in one line; `side` is 1 or 2."""

    entry: Entry
    side: int
    channel_icon: str
    channel_word: str
    preview: EntryLine


@dataclass(frozen=True, slots=True)
class Count:
    """How many of something; counted no further than a thousand."""

    word: str
    number: int

    @property
    def shown(self) -> str:
        return f"{MOST_COUNTED - 1}+" if self.number >= MOST_COUNTED else str(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two as they are now. `is_survivor`: its id goes on, the other leads there."""

    number: int
    panel: Panel
    counts: list[Count]
    latest: list[Line]
    is_survivor: bool


@dataclass(frozen=True, slots=True)
class Value:
    """A value to choose. `is_kept`: it is what the merged profile shows if nobody chooses."""

    trait_id: int
    value: str
    source: str
    last_seen: datetime
    is_kept: bool
    is_checked: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One trait on both sides and the value that the merged profile would show, with the rule that chose it."""

    name: str
    word: str
    one: list[Value]
    other: list[Value]
    result: str
    rule: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """One purpose: what each side said last (None: nothing), and the stricter of both."""

    word: str
    one: bool | None
    other: bool | None

    @property
    def result(self) -> bool:
        return self.one is not False and self.other is not False

    @property
    def differs(self) -> bool:
        return self.one != self.other


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything on the compare page below its title."""

    one: Side
    other: Side
    result: Panel
    fields: list[Field]
    consents: list[Consent]
    shared: frozenset[str]  # the values of identifiers that both have
    joining: frozenset[int]
    counts: list[Count]
    latest: list[Line]
    limits: list[str]
    lifted: tuple[LiftedDecision, ...]
    moving: list[AddressRow]
    is_one_already: bool

    @property
    def survivor(self) -> Side:
        return self.one if self.one.is_survivor else self.other

    @property
    def leaving(self) -> Side:
        return self.other if self.one.is_survivor else self.one


def comparison_of(preview: Preview, chosen: Mapping[str, int]) -> Comparison:
    """The preview in words; `chosen` are the fields that somebody chose already."""
    survivor = preview.result.id
    one, other = _side(preview.one, 1, survivor), _side(preview.other, 2, survivor)
    latest = sorted([*one.latest, *other.latest], key=lambda line: line.entry.occurred_at, reverse=True)
    both = _keys(one.panel.identifiers) & _keys(other.panel.identifiers)
    moves = {move.id for move in preview.moves}
    return Comparison(
        one=one,
        other=other,
        result=panel_of(preview.result),
        fields=_fields(preview, chosen),
        consents=_consents(preview.one.consents, preview.other.consents),
        shared=frozenset(both),
        joining=frozenset(moves),
        counts=[
            word(one.counts[place].number + other.counts[place].number)
            for place, word in enumerate((_messages, _orders))
        ],
        latest=latest[:LATEST],
        limits=limit_words(preview.lifted_limits),
        lifted=preview.lifted_decisions,
        moving=[row for side in (one, other) if not side.is_survivor for row in side.panel.addresses],
        is_one_already=preview.is_one_already,
    )


def limit_words(aliases: Iterable[str]) -> list[str]:
    """`kind|scope|value` as people write it: "customer number c1 (shop)", those of a kind and scope together."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for alias in aliases:
        kind, scope, value = alias.split("|", 2)
        grouped.setdefault((kind, scope), []).append(value_words(kind, value))
    return [_limit_line(kind, scope, values) for (kind, scope), values in grouped.items()]


def _limit_line(kind: str, scope: str, values: list[str]) -> str:
    facts = {"kind": kind_words(kind), "values": _(" and ").join(value for value in values if value), "scope": scope}
    if scope and kind == IdentifierKind.CUSTOMER_ID:
        return _("%(kind)s %(values)s at %(scope)s") % facts
    return _("%(kind)s %(values)s") % facts


def compared_entries(one_id: int, other_id: int, *, limit: int = 40) -> list[Line]:
    """The newest entries of both, newest first, each on its side."""
    lines = [*_lines(one_id, 1, limit), *_lines(other_id, 2, limit)]
    return sorted(lines, key=lambda line: (line.entry.occurred_at, line.entry.pk), reverse=True)[:limit]


def _side(profile: ProfileView, number: int, survivor: int) -> Side:
    return Side(
        number=number,
        panel=panel_of(profile),
        counts=_counts(profile.id),
        latest=_lines(profile.id, number, LATEST, without={EntryKind.IDENTITY, EntryKind.WORK}),
        is_survivor=profile.id == survivor,
    )


def _lines(profile_id: int, side: int, limit: int, *, without: Container[str] = (EntryKind.IDENTITY,)) -> list[Line]:
    """The newest entries; what colleagues did tells nobody who somebody is."""
    kinds = [kind for kind in EntryKind if kind not in without]
    entries = timeline_page(profile_id, limit=limit, kinds=kinds).entries
    return [Line(entry, side, *channel_of(entry.account.channel), preview_of(entry)) for entry in entries]


_COUNT = """
SELECT count(*) FILTER (WHERE kind = 'message'), count(*) FILTER (WHERE kind = 'order') FROM (
    SELECT e.kind FROM profiles_channelidentity c JOIN timeline_entry e ON e.channel_identity_id = c.id
    WHERE c.profile_id = %s LIMIT %s) counted
"""


def _counts(profile_id: int) -> list[Count]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [profile_id, MOST_COUNTED])
        messages, orders = cursor.fetchone()
    return [_messages(messages), _orders(orders)]


def _messages(number: int) -> Count:
    return Count(ngettext("message", "messages", number), number)


def _orders(number: int) -> Count:
    return Count(ngettext("order event", "order events", number), number)


def _keys(rows: Iterable[IdentifierRow]) -> set[str]:
    return {row.value for row in rows}


def _fields(preview: Preview, chosen: Mapping[str, int]) -> list[Field]:
    ones, others = ({t.name: t for t in side.traits} for side in (preview.one, preview.other))
    fields = []
    for kept in preview.result.traits:
        checked = chosen.get(kept.name)
        one, other = (_values(side.get(kept.name), kept, checked) for side in (ones, others))
        values = {value.value for value in (*one, *other)}
        is_open = len(values) > 1
        fields.append(
            Field(kept.name, words_of(TRAITS, kept.name), one, other, kept.value, rule_words(kept.rule), is_open)
        )
    return sorted(fields, key=lambda field: (field.name != "name", not field.is_open, field.word))


def _values(trait: TraitView | None, kept: TraitView, checked: int | None) -> list[Value]:
    """The different values of one side, the one it shows first."""
    if trait is None:
        return []
    rows: list[TraitView | OtherValue] = [trait, *trait.others]
    told: dict[str, TraitView | OtherValue] = {}
    for row in rows:
        told.setdefault(row.value, row)
    if kept.id in {row.id for row in rows}:
        told[kept.value] = kept
    return [
        Value(
            row.id,
            row.value,
            words_of(SOURCES, row.source),
            row.last_seen,
            row.id == kept.id,
            row.id == (checked or kept.id),
        )
        for row in told.values()
    ]


def _consents(one: Iterable[ConsentView], other: Iterable[ConsentView]) -> list[Consent]:
    said: dict[str, dict[int, bool]] = {}
    for number, consents in ((1, one), (2, other)):
        for consent in consents:
            sides = said.setdefault(consent.purpose, {})
            sides[number] = sides.get(number, True) and consent.is_granted
    return [Consent(words_of(PURPOSES, p), sides.get(1), sides.get(2)) for p, sides in sorted(said.items())]


def choices_in(form: Mapping[str, Any]) -> dict[str, int]:
    """The fields for which the form names another value than the one that would be shown anyway."""
    named = {name.removeprefix("trait-"): str(form[name]) for name in form if name.startswith("trait-")}
    return {
        name: pk
        for name, value in named.items()
        if (pk := id_in(value)) is not None and value != form.get(f"kept-{name}")
    }
