"""Traits as they are told, and the name that a profile shows because of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from profiles.identity.canonical import display_phone
from profiles.identity.values import GRADE_RANK
from profiles.models import Operation, Trait, TraitChoice
from profiles.prepared import prepared

#: Set by staff; shown before anything a channel says.
AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitTold:
    """A channel identity's trait as one message told it."""

    channel_identity_id: int
    name: str
    value: str
    source: str
    grade: str
    told_at: datetime


def tell(told: Iterable[TraitTold]) -> set[int]:
    """Every trait is stored with when it was first and last told; returns the channel identities with news.

    A trait that is told again and has no rival in the profile is no news: most messages repeat the sender's one name.
    """
    spans = _spans(told)
    if not spans:
        return set()
    known, values = set(), dict[tuple[int, str], set[str]]()
    for teller, pk, name, value, source in _upsert(spans):
        known.add((pk, name, value, source))
        values.setdefault((teller, name), set()).add(value)
    return {key[0] for key in spans if key not in known or values[key[:2]] != {key[2]}}


def _spans(told: Iterable[TraitTold]) -> dict[tuple[int, str, str, str], tuple[str, datetime, datetime]]:
    spans: dict[tuple[int, str, str, str], tuple[str, datetime, datetime]] = {}
    for item in told:
        value = item.value.strip()[:500]
        if not value:
            continue
        key = (item.channel_identity_id, item.name, value, item.source)
        _, first, last = spans.get(key, (item.grade, item.told_at, item.told_at))
        spans[key] = (item.grade, min(first, item.told_at), max(last, item.told_at))
    return spans


_UPSERT = """
WITH told AS (
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
), written AS (
INSERT INTO profiles_trait (channel_identity_id, name, value, source, grade, first_seen, last_seen) SELECT * FROM told
ON CONFLICT (channel_identity_id, name, value, source) DO UPDATE SET
    first_seen = LEAST(profiles_trait.first_seen, EXCLUDED.first_seen),
    last_seen = GREATEST(profiles_trait.last_seen, EXCLUDED.last_seen)
)
SELECT teller.id, t.channel_identity_id, t.name, t.value, t.source FROM profiles_channelidentity teller
JOIN profiles_channelidentity c ON c.profile_id = teller.profile_id
JOIN profiles_trait t ON t.channel_identity_id = c.id
WHERE teller.id = ANY(%s::bigint[])
"""


def _upsert(
    spans: Mapping[tuple[int, str, str, str], tuple[str, datetime, datetime]],
) -> list[tuple[int, int, str, str, str]]:
    """The spans are stored; returns who tells, and what was stored about the profile of each before."""
    rows = [(*key, *span) for key, span in sorted(spans.items())]
    columns = [list(column) for column in zip(*rows, strict=True)]
    with prepared() as cursor:
        cursor.execute(_UPSERT, [*columns, sorted({row[0] for row in rows})])
        return list(cursor.fetchall())


def told_traits(profile_ids: Collection[int], *names: str) -> QuerySet[Trait]:
    """What stands of the traits of the profiles; `chosen` is the latest standing operation that chose the value.

    What a colleague entered stands as long as one of the operations that entered it does.
    """
    rows = Trait.objects.filter(channel_identity__profile_id__in=profile_ids, withdrawn_by=None)
    entered = TraitChoice.objects.filter(trait_id=OuterRef("pk"), operation__verb=Operation.Verb.ENTER)
    rows = rows.filter(~Q(source=AGENT) | ~Exists(entered) | Exists(entered.filter(operation__is_standing=True)))
    chosen = (
        TraitChoice.objects.filter(trait_id=OuterRef("pk"), operation__is_standing=True)
        .order_by("-operation_id")
        .values("operation_id")[:1]
    )
    return (rows.filter(name__in=names) if names else rows).annotate(chosen=Subquery(chosen))


#: Which traits `told_traits` tells, for a query in SQL that calls the trait `t`.
STANDING_TRAIT = f"""t.withdrawn_by_id IS NULL AND (t.source <> '{AGENT}' OR coalesce((
    SELECT bool_or(o.is_standing) FROM profiles_traitchoice h JOIN profiles_operation o ON o.id = h.operation_id
    WHERE h.trait_id = t.id AND o.verb = '{Operation.Verb.ENTER.value}'
), true))"""  # noqa: S608


def preference(trait: "Trait | _Told") -> tuple[int, bool, int, float, str]:
    """Sorts `told_traits` of one name, best first: chosen while merging, by an agent, better proved, newest, value."""
    return (
        -(trait.chosen or 0),  # type: ignore[union-attr]
        trait.source != AGENT,
        GRADE_RANK[trait.grade],
        -trait.last_seen.timestamp(),
        trait.value,
    )


def rule_of(best: Trait, others: Sequence[Trait]) -> str:
    """Which rule made `best` the shown value: only, chosen, agent, proved or newest."""
    rivals = [other for other in others if other.value != best.value]
    if not rivals:
        return "only"
    if best.chosen and best.source != AGENT:  # type: ignore[attr-defined]
        return "chosen"
    if best.source == AGENT:
        return "agent"
    is_better = all(GRADE_RANK[best.grade] < GRADE_RANK[other.grade] for other in rivals)
    return "proved" if is_better else "newest"


def rename(profile_ids: Iterable[int]) -> int:
    """The display names of the profiles are what their traits and identifiers say now; returns how many were not."""
    wanted = sorted(set(profile_ids))
    if not wanted:
        return 0
    named: dict[int, list[_Told]] = {}
    columns = ("channel_identity__profile_id", "name", "value", "source", "grade", "last_seen", "chosen")
    for profile_id, *told in told_traits(wanted, "name", "username").values_list(*columns):
        named.setdefault(profile_id, []).append(_Told(*told))
    names = {pk: _best_name(traits) for pk, traits in named.items()}
    unnamed = [pk for pk in wanted if not names.get(pk)]
    names |= _names_by_address(unnamed)
    found = [(pk, name) for pk in wanted if (name := names.get(pk, "")[:200])]
    with connection.cursor() as cursor:
        cursor.execute(_RENAME, [[pk for pk, _ in found], [name for _, name in found]])
        return int(cursor.rowcount)


_RENAME = """
UPDATE profiles_profile p SET display_name = f.name FROM unnest(%s::bigint[], %s::text[]) AS f(id, name)
WHERE p.id = f.id AND p.display_name <> f.name
"""


class _Told(NamedTuple):
    """What `preference` asks of a trait."""

    name: str
    value: str
    source: str
    grade: str
    last_seen: datetime
    chosen: int | None


def _best_name(traits: Sequence[_Told]) -> str:
    for wanted in ("name", "username"):
        if matching := [trait for trait in traits if trait.name == wanted]:
            return min(matching, key=preference).value
    return ""


_ADDRESSES = """
SELECT p.id, CASE a.channel WHEN 'chat' THEN 'Visitor ' || upper(right(c.address, 4)) ELSE c.address END, NULL
FROM unnest(%(ids)s::bigint[]) AS p(id)
CROSS JOIN LATERAL (
    SELECT address, account_id FROM profiles_channelidentity WHERE profile_id = p.id ORDER BY id LIMIT 1
) c
JOIN profiles_channelaccount a ON a.id = c.account_id
UNION ALL
SELECT c.profile_id, i.value, min(s.occurred_at) FROM profiles_channelidentity c
JOIN profiles_sighting s ON s.channel_identity_id = c.id AND s.withdrawn_by_id IS NULL AND s.grade <> 'claimed'
JOIN profiles_identifier i ON i.id = s.identifier_id AND i.kind = 'phone'
WHERE c.profile_id = ANY(%(ids)s) GROUP BY 1, 2
ORDER BY 3 NULLS FIRST, 2
"""


def _names_by_address(profile_ids: Sequence[int]) -> dict[int, str]:
    """The phone number that was first seen last, which reads better than a provider's id; else the oldest address, or
    the end of it where it is only the mark of a browser.

    Which later sightings are stored is a matter of the order of arrival, so only the first of each number counts.
    """
    names: dict[int, str] = {}
    if profile_ids:
        with connection.cursor() as cursor:
            cursor.execute(_ADDRESSES, {"ids": list(profile_ids)})
            for pk, value, at in cursor.fetchall():
                names[pk] = display_phone(value) if at else value
    return names
