"""Reading a profile: where an id leads today, who holds an identifier, and everything an agent sees of a person."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from profiles.consent import HOLD, binding_words
from profiles.identity.canonical import canonical
from profiles.identity.values import GRADE_RANK, Grade, IdentifierKind, Standing
from profiles.models import ChannelIdentity, Trait
from profiles.traits import preference, rule_of, told_traits


@dataclass(frozen=True, slots=True)
class AddressView:
    """One channel identity: an address the person is reached at. `epoch` counts the people who used it before."""

    id: int
    channel: str
    account: str
    account_id: int
    address: str
    standing: str
    epoch: int
    grade: str
    first_seen: datetime | None
    last_seen: datetime | None
    reply_refusal: str
    blocked_at: datetime | None = None
    blocks: tuple["BlockView", ...] = ()


@dataclass(frozen=True, slots=True)
class BlockView:
    """The provider blocks what we send there for that purpose; `code` is its own."""

    purpose: str
    code: str
    since: datetime


@dataclass(frozen=True, slots=True)
class IdentifierView:
    """An identifier at its best grade; `claim` is a sighting that only claims it, while nothing better is known.

    None where the sender itself can be forged: no proof could be lent to it. `last_seen` is when somebody who was seen
    with it last wrote.
    """

    kind: str
    scope: str
    value: str
    grade: str
    status: str
    claim: int | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class TraitView:
    """The shown value of a trait, where it came from, and the values that were not chosen."""

    id: int
    name: str
    value: str
    grade: str
    source: str
    last_seen: datetime
    alternates: tuple[str, ...]
    rule: str
    others: tuple["OtherValue", ...]


@dataclass(frozen=True, slots=True)
class OtherValue:
    """A value of a trait that is not shown; it can be chosen while merging."""

    id: int
    value: str
    grade: str
    source: str
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class ConsentView:
    """The latest word on a purpose at an address; `evidence` is the provider message id of the entry that shows it."""

    purpose: str
    is_granted: bool
    account: str
    address: str
    source: str
    occurred_at: datetime
    channel_identity: int
    evidence: str
    reason: str
    id: int


@dataclass(frozen=True, slots=True)
class ProfileView:
    """A person as an agent sees them."""

    id: int
    display_name: str
    channel_identities: tuple[AddressView, ...]
    identifiers: tuple[IdentifierView, ...]
    traits: tuple[TraitView, ...]
    consents: tuple[ConsentView, ...]


def current_profile_id(profile_id: int) -> int | None:
    """The profile that `profile_id` leads to today: itself, or the survivor of its merges; None if never given out."""
    return ChannelIdentity.objects.filter(id=profile_id).values_list("profile_id", flat=True).first()


def address_views(profile_id: int) -> tuple[AddressView, ...]:
    """The addresses of a current profile, the last used first; none for any other id."""
    grades, _ = _identifiers(profile_id)
    return tuple(_address(row, grades.get(row.pk, Grade.CLAIMED)) for row in _identities(profile_id))


def describe(profile_id: int, *, with_traits: bool = True, with_evidence: bool = True) -> ProfileView | None:
    """Everything about a current profile in four queries, however long its history; None for any other id.

    One less without the traits, for who does not show them, and for whom nobody said a word on consent.
    Without the evidence there are only the addresses, unproved, in one query.
    """
    identities = _identities(profile_id)
    if not identities:
        return None
    grades, identifiers = _identifiers(profile_id) if with_evidence else ({}, ())
    return ProfileView(
        id=profile_id,
        display_name=identities[0].display_name,
        channel_identities=tuple(_address(identity, grades.get(identity.pk, Grade.CLAIMED)) for identity in identities),
        identifiers=identifiers,
        traits=shown_traits(profile_id) if with_traits else (),
        consents=_consents([identity for identity in identities if with_evidence and identity.has_words]),
    )


#: In SQL, as what follows: every page of a customer asks it, and to put these queries together cost more than to
#: answer them. What the provider told of blocks at an address and whether somebody said a word there are columns, so
#: that they cost no query.
_IDENTITIES = """
SELECT c.*, a.channel, a.name AS line, p.display_name,
    (SELECT count(DISTINCT b.starts_at) FROM profiles_boundary b
     WHERE b.account_id = c.account_id AND b.address = c.address AND b.starts_at <= c.epoch_start
       AND b.withdrawn_by_id IS NULL) AS epoch,
    (SELECT jsonb_agg(jsonb_build_object('purpose', k.purpose, 'is_blocked', k.is_blocked, 'code', k.code,
        'since', k.occurred_at) ORDER BY k.occurred_at, k.is_blocked, k.id)
     FROM profiles_providerblock k WHERE k.account_id = c.account_id AND k.address = c.address) AS blocks,
    EXISTS (
        SELECT FROM profiles_channelidentity o JOIN profiles_consentevent e ON e.channel_identity_id = o.id
        WHERE o.account_id = c.account_id AND o.address = c.address
    ) AS has_words
FROM profiles_channelidentity c
JOIN profiles_profile p ON p.id = c.profile_id
JOIN profiles_channelaccount a ON a.id = c.account_id
WHERE c.profile_id = %s AND c.void_in_id IS NULL
ORDER BY c.last_seen DESC NULLS LAST, c.id
"""


def _identities(profile_id: int) -> list[Any]:
    """The channel identities, with the columns named above."""
    return list(ChannelIdentity.objects.raw(_IDENTITIES, [profile_id]))


def _standing(told: str | None) -> tuple[BlockView, ...]:
    newest = {each["purpose"]: each for each in (json.loads(told) if told else ())}
    return tuple(
        BlockView(purpose, each["code"], datetime.fromisoformat(each["since"]))
        for purpose, each in newest.items()
        if each["is_blocked"]
    )


def _address(identity: Any, grade: str) -> AddressView:
    return AddressView(
        id=identity.pk,
        channel=identity.channel,
        account=identity.line,
        account_id=identity.account_id,
        address=identity.address,
        standing=identity.standing,
        epoch=identity.epoch,
        grade=grade,
        first_seen=identity.first_seen,
        last_seen=identity.last_seen,
        reply_refusal=identity.reply_refusal,
        blocked_at=identity.blocked_at,
        blocks=_standing(identity.blocks),
    )


_SIGHTINGS = """
SELECT s.id, s.grade, c.id, c.standing, c.last_seen, i.status, i.kind, i.scope, i.value
FROM profiles_sighting s
JOIN profiles_channelidentity c ON c.id = s.channel_identity_id
JOIN profiles_identifier i ON i.id = s.identifier_id
WHERE c.profile_id = %s AND s.withdrawn_by_id IS NULL
"""


def _identifiers(profile_id: int) -> tuple[dict[int, str], tuple[IdentifierView, ...]]:
    """The best grade by channel identity, and each identifier once at its best grade."""
    grades: dict[int, str] = {}
    views: dict[tuple[str, str, str], IdentifierView] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SIGHTINGS, [profile_id])
        for pk, sighted, identity, standing, seen, status, *named in cursor.fetchall():
            grades[identity] = best_grade(sighted, grades.get(identity))
            key = (named[0], named[1], named[2])
            known = views.get(key)
            grade = best_grade(sighted, known.grade if known else None)
            claim = pk if grade == Grade.CLAIMED and standing == Standing.PROVED else None
            last_seen = max((at for at in (seen, known.last_seen if known else None) if at), default=None)
            views[key] = IdentifierView(*key, grade=grade, status=status, claim=claim, last_seen=last_seen)
    order = {kind: rank for rank, kind in enumerate(IdentifierKind)}
    return grades, tuple(sorted(views.values(), key=lambda v: (order[IdentifierKind(v.kind)], v.scope, v.value)))


def best_grade(grade: str, other: str | None) -> str:
    """The stronger of the two grades."""
    return grade if other is None or GRADE_RANK[grade] < GRADE_RANK[other] else other


def shown_traits(profile_id: int) -> tuple[TraitView, ...]:
    """Each trait's shown value by the rule of `profiles.traits.preference`; the others are alternates."""
    named: dict[str, list[Trait]] = {}
    for trait in told_traits([profile_id]):
        named.setdefault(trait.name, []).append(trait)
    views = []
    for name, traits in sorted(named.items()):
        best, *others = sorted(traits, key=preference)
        alternates = tuple(dict.fromkeys(t.value for t in others if t.value != best.value))
        rule = rule_of(best, others)
        kept = tuple(OtherValue(t.pk, t.value, t.grade, t.source, t.last_seen) for t in others)
        views.append(
            TraitView(best.pk, name, best.value, best.grade, best.source, best.last_seen, alternates, rule, kept)
        )
    return tuple(views)


def _consents(identities: Sequence[ChannelIdentity]) -> tuple[ConsentView, ...]:
    """The word that binds for each (address, purpose). A doubt that was settled is none."""
    return tuple(
        ConsentView(
            event.purpose,
            event.is_granted,
            event.channel_identity.account.name,
            event.channel_identity.address,
            event.source,
            event.occurred_at,
            event.channel_identity_id,
            event.evidence,
            event.reason,
            event.pk,
        )
        for event in binding_words(identities)
        if not (event.purpose == HOLD and event.is_granted)
    )


_HOLDINGS = """
SELECT f.number, c.profile_id, min(s.occurred_at) FILTER (WHERE s.withdrawn_by_id IS NULL) AS since, f.passed_on
FROM (
    SELECT g.number, array_agg(i.id) AS ids, (
        SELECT max(b.starts_at) FROM profiles_boundary b
        WHERE b.withdrawn_by_id IS NULL AND b.address = ANY(array_agg(i.value) || array_agg(ltrim(i.value, '+')))
    ) AS passed_on
    FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS g(kind, join_key, scope, number)
    CROSS JOIN LATERAL (
        SELECT id, value FROM profiles_identifier
        WHERE kind = g.kind AND join_key = g.join_key AND (g.scope IS NULL OR scope = g.scope)
    ) i GROUP BY g.number
) f
JOIN profiles_sighting s ON s.identifier_id = ANY(f.ids)
JOIN profiles_channelidentity c ON c.id = s.channel_identity_id
GROUP BY f.number, f.passed_on, c.id ORDER BY f.number, since DESC, c.id
"""


def holders(kind: IdentifierKind, value: str, scope: str | None = None) -> Sequence[int]:
    """Profiles that the identifier was seen with, present holders before past ones, each once.

    Variants that share a join key are the same identifier.
    """
    return list(holdings([(kind, canonical(kind, value)[1], scope)])[0])


def holdings(identifiers: Sequence[tuple[str, str, str | None]]) -> list[dict[int, bool]]:
    """Of each (kind, join key, scope): the profiles it was seen with, and whether they hold it now; those first.

    A past holder is one who has the identifier only from before a boundary of its address, or under a withdrawn
    sighting.
    """
    if not identifiers:
        return []
    present: list[dict[int, bool]] = [{} for _ in identifiers]
    with connection.cursor() as cursor:
        cursor.execute(_HOLDINGS, [list(column) for column in zip(*identifiers, strict=True)])
        # As for the partition, the earliest standing sighting of a channel identity tells its epoch.
        for number, profile_id, since, passed_on in cursor.fetchall():
            is_present = since is not None and (passed_on is None or since >= passed_on)
            mine = present[number - 1]
            mine[profile_id] = mine.get(profile_id, False) or is_present
    return [dict(sorted(mine.items(), key=lambda holding: not holding[1])) for mine in present]
