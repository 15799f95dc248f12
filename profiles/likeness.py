"""The search for likely duplicates: what was newly told is compared with those who share a key, and reviews are raised.

It runs behind the messages, from a cursor over the ids of sightings, traits and operations. A step is one short
transaction that takes no lock of `profiles.locking`, so no message waits for it; it moves the cursor with its reviews,
so a crash only repeats it, and repeating changes nothing. Pairs are never closed transitively and never joined.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import Any

from django.db import connection, transaction

from profiles.identity.alike import Alike, Looks, compare, keys_of, looks_of
from profiles.locking import lock_id
from profiles.models import ChannelIdentity, LikenessCursor, Operation, Review, Sighting, Trait
from profiles.reviews import Found, raise_reviews
from profiles.shown import shown_by_identities, shown_by_profiles

#: Rows of each table in a step: some 50 ms of work.
STEP_ROWS = 50
#: A step that finds a lock held gives up and is tried again later; it never queues up before messages.
_STEP_LIMITS = "SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '5s'"
#: A key of more profiles is a usual name or a family of typos of nothing; it says nothing about a pair.
_MOST_HOLDERS = 50
_MOST_CANDIDATES = 20
_READ_OF_A_NAME = 20
#: Of the customers of a step's operations; a shared tablet may have thousands.
_MOST_MEMBERS = 500
#: Of one profile at a time; the best. More would fill the queue with one odd customer.
_MOST_RAISED = 5

Pair = tuple[int, int]

_HEADS = """
SELECT (SELECT coalesce(max(id), 0) FROM profiles_sighting), (SELECT coalesce(max(id), 0) FROM profiles_trait),
    (SELECT coalesce(max(id), 0) FROM profiles_operation)
"""
# A writer holds this lock on the table from before it takes its first id until it ends.
_WRITERS = """
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND relation IN ('profiles_sighting'::regclass, 'profiles_trait'::regclass, 'profiles_operation'::regclass)
"""

_STORE_KEYS = """
INSERT INTO profiles_likenesskey (key, channel_identity_id)
SELECT DISTINCT * FROM unnest(%s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING
"""

# Each step is fenced: on a young table without statistics the planner once joined everything with everything.
_CANDIDATES = """
SELECT profile, other FROM (
    SELECT g.profile, h.other, row_number() OVER (PARTITION BY g.profile ORDER BY count(*) DESC, h.other DESC) AS place
    FROM unnest(%(profiles)s::bigint[], %(keys)s::bigint[]) AS g(profile, key)
    CROSS JOIN LATERAL (
        SELECT unnest(array_agg(DISTINCT c.profile_id)) AS other
        FROM (
            SELECT channel_identity_id FROM profiles_likenesskey WHERE key = g.key LIMIT 2 * %(holders)s + 1
        ) k
        CROSS JOIN LATERAL (SELECT profile_id FROM profiles_channelidentity WHERE id = k.channel_identity_id OFFSET 0) c
        HAVING count(*) <= 2 * %(holders)s AND count(DISTINCT c.profile_id) <= %(holders)s
    ) h
    WHERE h.other <> g.profile
    GROUP BY g.profile, h.other
) ranked WHERE place <= %(most)s
"""

_FREQUENT = """
SELECT g.key FROM unnest(%(keys)s::bigint[]) AS g(key)
CROSS JOIN LATERAL (
    SELECT count(DISTINCT c.profile_id) AS profiles
    FROM (SELECT channel_identity_id FROM profiles_likenesskey WHERE key = g.key LIMIT %(read)s) k
    JOIN profiles_channelidentity c ON c.id = k.channel_identity_id
) h WHERE h.profiles > 2
"""

_TOLD_APART = """
SELECT g.one, g.other FROM unnest(%s::bigint[], %s::bigint[]) AS g(one, other)
WHERE EXISTS (
    SELECT FROM profiles_channelidentity x
    JOIN profiles_decision d ON x.id IN (d.one_id, d.other_id) AND d.verdict = 'different' AND d.retracted_by_id IS NULL
    JOIN profiles_channelidentity y ON y.id IN (d.one_id, d.other_id) AND y.id <> x.id
    WHERE x.profile_id = g.one AND y.profile_id = g.other
)
"""


def catch_up(*, seconds: float) -> int:
    """What was told since the last time is compared, for about so many seconds; returns how many steps had work."""
    ends_at = time.monotonic() + seconds
    steps = 0
    while step():
        steps += 1
        if time.monotonic() >= ends_at:
            break
    return steps


@transaction.atomic
def step(rows: int = STEP_ROWS) -> bool:
    """The next rows were compared and the cursor stands behind them; False when there is nothing to do now.

    One process works at a time, so of two new profiles the later one finds the earlier.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STEP_LIMITS)
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_id("task", "likeness")])
        if not cursor.fetchone()[0]:
            return False
    place, _ = LikenessCursor.objects.get_or_create(id=1)
    if not _has_stretch(place):
        return False
    sightings = Sighting.objects.filter(id__gt=place.sightings_done, id__lte=place.sightings_head).order_by("id")
    traits = Trait.objects.filter(id__gt=place.traits_done, id__lte=place.traits_head).order_by("id")
    seen = list(sightings.values_list("id", "channel_identity_id")[:rows])
    told = list(traits.values_list("id", "channel_identity_id")[:rows])
    judged = _judged(place, rows)
    found = examine({pk for _, pk in chain(seen, told)} | _members({pk for _, subjects in judged for pk in subjects}))
    # Ids have gaps: a stretch that was read to its end is done, whatever its last row.
    place.sightings_done = seen[-1][0] if len(seen) == rows else place.sightings_head
    place.traits_done = told[-1][0] if len(told) == rows else place.traits_head
    place.operations_done = judged[-1][0] if len(judged) == rows else place.operations_head
    place.save()
    raise_reviews(found)
    return True


def _has_stretch(place: LikenessCursor) -> bool:
    """Whether there are rows to look at below which none can appear any more."""
    with connection.cursor() as cursor:
        done = (place.sightings_done, place.traits_done, place.operations_done)
        if done == (place.sightings_head, place.traits_head, place.operations_head):
            cursor.execute(_HEADS)
            heads = cursor.fetchone()
            if heads == done:
                return False
            place.sightings_head, place.traits_head, place.operations_head = heads
            cursor.execute(_WRITERS)
            place.waits_for = [row[0] for row in cursor.fetchall()]
            place.save()
        if place.waits_for:
            cursor.execute(_WRITERS)
            running = {row[0] for row in cursor.fetchall()}
            if running.intersection(place.waits_for):
                return False
            place.waits_for = []
    return True


def _judged(place: LikenessCursor, rows: int) -> list[tuple[int, list[int]]]:
    """The next operations and the profiles they were about: who was merged or set apart looks like others now."""
    found = Operation.objects.filter(id__gt=place.operations_done, id__lte=place.operations_head).order_by("id")
    return list(found.values_list("id", "subjects")[:rows])


def _members(profile_ids: Collection[int]) -> set[int]:
    """Some channel identities of the profiles, as many as are compared."""
    rows = ChannelIdentity.objects.filter(profile_id__in=profile_ids) if profile_ids else ChannelIdentity.objects.none()
    return set(rows.order_by("-id").values_list("id", flat=True)[:_MOST_MEMBERS])


def examine(channel_identity_ids: Collection[int]) -> list[Found]:
    """The pairs to look at because of the channel identities, whose keys are stored first."""
    if not channel_identity_ids:
        return []
    _store_keys(channel_identity_ids)
    changed = set(
        ChannelIdentity.objects.filter(id__in=channel_identity_ids).values_list("profile_id", flat=True).distinct()
    )
    looks = _looks(changed)
    candidates = _candidates({pk: keys_of(looks[pk]) for pk in changed})
    looks |= _looks({pk for pair in candidates for pk in pair} - looks.keys())
    alike = {pair: found for pair in candidates if (found := compare(looks[pair[0]], looks[pair[1]]))}
    for pair in {*_told_apart(alike), *_namesakes(alike)}:
        del alike[pair]
    return [
        Found(Review.Kind.DUPLICATE, *pair, fact.as_reason())
        for pair in sorted(_best(alike, changed))
        for fact in alike[pair].facts
    ]


def _looks(profile_ids: Collection[int]) -> dict[int, Looks]:
    return {pk: looks_of(shown) for pk, shown in shown_by_profiles(profile_ids).items()}


def _store_keys(channel_identity_ids: Collection[int]) -> None:
    """Each channel identity is found by what it shows itself: so after an unmerge it takes its keys along."""
    rows = sorted(
        (_hashed(key), pk)
        for pk, shown in shown_by_identities(channel_identity_ids).items()
        for key in keys_of(looks_of(shown))
    )
    with connection.cursor() as cursor:
        cursor.execute(_STORE_KEYS, [[key for key, _ in rows], [pk for _, pk in rows]])


def _candidates(keys: Mapping[int, Iterable[str]]) -> set[Pair]:
    """Those that share most keys with each of the profiles, as pairs in order; keys that many hold are left out."""
    asked = [(pk, _hashed(key)) for pk, texts in sorted(keys.items()) for key in sorted(texts)]
    parameters: dict[str, Any] = {
        "profiles": [pk for pk, _ in asked],
        "keys": [key for _, key in asked],
        "holders": _MOST_HOLDERS,
        "most": _MOST_CANDIDATES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, parameters)
        return {(min(row), max(row)) for row in cursor.fetchall()}


def _told_apart(pairs: Collection[Pair]) -> list[Pair]:
    """The pairs that a human said are different; nothing that looks alike is news about those."""
    if not pairs:
        return []
    ordered = sorted(pairs)
    with connection.cursor() as cursor:
        cursor.execute(_TOLD_APART, [[one for one, _ in ordered], [other for _, other in ordered]])
        return list(cursor.fetchall())


def _namesakes(alike: Mapping[Pair, Alike]) -> list[Pair]:
    """The pairs of whom only the name is alike, and whose name others have too."""
    keys = {key: _hashed(key) for found in alike.values() for key in found.name_keys}
    if not keys:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FREQUENT, {"keys": list(keys.values()), "read": _READ_OF_A_NAME})
        frequent = {row[0] for row in cursor.fetchall()}
    return [pair for pair, found in alike.items() if any(keys[key] in frequent for key in found.name_keys)]


def _best(alike: Mapping[Pair, Alike], changed: Collection[int]) -> set[Pair]:
    """The best pairs of each of the profiles."""
    of: dict[int, list[Pair]] = {}
    for pair in sorted(alike, key=lambda pair: (-alike[pair].weight, pair)):
        for pk in set(pair) & set(changed):
            of.setdefault(pk, []).append(pair)
    return {pair for pairs in of.values() for pair in pairs[:_MOST_RAISED]}


def _hashed(key: str) -> int:
    return lock_id("likeness", key)  # the same 64 bits; a collision only finds a candidate that is not alike
