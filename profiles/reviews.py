"""Reviews: pairs that a human should look at, raised with the evidence that speaks for them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone

from profiles.assignment import Reassigned
from profiles.identity.evidence import JoinKey
from profiles.identity.partition import MOST_TOLD
from profiles.identity.values import Grade
from profiles.models import Review
from profiles.models.evidence import TYPED

#: A claim about an identifier that many hold is no news about anybody.
_MOST_HOLDERS = 5


@dataclass(frozen=True, slots=True)
class Found:
    """A reason to look at two profiles. `is_new_proof`: it came just now and is proved, so a decision may be old."""

    kind: str
    one: int
    other: int
    reason: dict[str, Any] = field(hash=False)
    is_new_proof: bool = False


def conflicts_of(done: Reassigned, fresh: Collection[tuple[int, JoinKey]]) -> list[Found]:
    """The ties that were held: those a limit held, and those that new proof speaks for against a decision.

    What could not join a crowd is no news about any two of them: they share a browser or a phone.
    """
    found = []
    for one, other, held in done.outcome.held:
        if held.identifier is None or held.rivals > MOST_TOLD:
            continue
        is_new = held.grade == Grade.PROVED and any((pk, held.identifier) in fresh for pk in (one, other))
        if held.because == "different" and not is_new:
            continue
        kind, scope, value = held.identifier
        reason = {"code": "held", "kind": kind, "scope": scope, "value": value, "because": held.because}
        pair = (done.outcome.targets[one], done.outcome.targets[other])
        found.append(Found(Review.Kind.CONFLICT, min(pair), max(pair), reason, is_new))
    return found


# Each step is fenced: on a young table without statistics the planner once joined everything with everything.
_HOLDERS = """
    SELECT DISTINCT c.profile_id FROM (
        SELECT id FROM profiles_identifier
        WHERE (kind, scope, join_key) = (f.kind, f.scope, f.join_key) AND status = 'normal' OFFSET 0
    ) i
    CROSS JOIN LATERAL (
        SELECT channel_identity_id FROM profiles_sighting
        WHERE identifier_id = i.id AND withdrawn_by_id IS NULL AND {is_one} OFFSET 0
    ) s
    CROSS JOIN LATERAL (SELECT profile_id FROM profiles_channelidentity WHERE id = s.channel_identity_id OFFSET 0) c
    LIMIT %(most)s
"""
_IS_CLAIM = "grade = 'claimed'"
#: A colleague wrote it down, which is no proof, but more than nothing.
_IS_TYPED = f"({_IS_CLAIM} AND source LIKE '{TYPED}%%')"
_CLAIMS = f"""
SELECT f.kind, f.scope, f.join_key, claimer.profile_id, holder.profile_id, 'claimed'
FROM unnest(%(kinds)s::text[], %(scopes)s::text[], %(join_keys)s::text[]) AS f(kind, scope, join_key)
CROSS JOIN LATERAL ({_HOLDERS.format(is_one=_IS_CLAIM)}) claimer
CROSS JOIN LATERAL ({_HOLDERS.format(is_one="grade <> 'claimed'")}) holder
WHERE claimer.profile_id <> holder.profile_id AND f.kind <> 'order'
UNION
SELECT f.kind, f.scope, f.join_key, claimer.profile_id, holder.profile_id, 'typed'
FROM unnest(%(kinds)s::text[], %(scopes)s::text[], %(join_keys)s::text[]) AS f(kind, scope, join_key)
CROSS JOIN LATERAL ({_HOLDERS.format(is_one=_IS_TYPED)}) holder
CROSS JOIN LATERAL ({_HOLDERS.format(is_one=f"{_IS_CLAIM} AND NOT {_IS_TYPED}")}) claimer
WHERE claimer.profile_id <> holder.profile_id
ORDER BY 1, 2, 3, 4, 5
"""  # noqa: S608


def claims_about(fresh: Iterable[tuple[int, JoinKey]]) -> list[Found]:
    """What one profile claims and another was proved to have, or staff wrote down for it; of what was just seen."""
    keys = sorted({key for _, key in fresh})
    if not keys:
        return []
    kinds, scopes, join_keys = zip(*keys, strict=True)
    parameters: dict[str, Any] = {
        "kinds": list(kinds),
        "scopes": list(scopes),
        "join_keys": list(join_keys),
        "most": _MOST_HOLDERS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMS, parameters)
        rows = cursor.fetchall()
    return [
        Found(
            Review.Kind.CLAIM,
            min(claimer, holder),
            max(claimer, holder),
            {"code": code, "kind": kind, "scope": scope, "value": value, "by": claimer},
        )
        for kind, scope, value, claimer, holder, code in rows
    ]


def raise_reviews(found: Iterable[Found]) -> None:
    """Each pair has a review with the reasons. Written last of all in a transaction, in order (`profiles.locking`).

    A pair that was decided is opened again only by new proof.
    """
    pairs: dict[tuple[int, int], list[Found]] = {}
    for each in found:
        pairs.setdefault((each.one, each.other), []).append(each)
    if not pairs:
        return
    ordered = sorted(pairs)
    Review.objects.bulk_create(
        (Review(kind=pairs[pair][0].kind, one_id=pair[0], other_id=pair[1]) for pair in ordered), ignore_conflicts=True
    )
    rows = Review.objects.filter(one_id__in={p[0] for p in ordered}, other_id__in={p[1] for p in ordered})
    for review in rows.order_by("one_id", "other_id").select_for_update():
        if reasons := pairs.get((review.one_id, review.other_id)):
            _add(review, reasons)


def _add(review: Review, found: Iterable[Found]) -> None:
    reasons = list(review.reasons)
    again = review.again_since
    for each in found:
        if each.is_new_proof and each.reason["because"] == "different":
            again = timezone.now()
        if each.reason not in reasons:
            reasons.append(each.reason)
    kind = Review.Kind.CONFLICT if any(each.kind == Review.Kind.CONFLICT for each in found) else review.kind
    if (reasons, again, kind) != (review.reasons, review.again_since, review.kind):
        Review.objects.filter(id=review.pk).update(reasons=reasons, again_since=again, kind=kind)
