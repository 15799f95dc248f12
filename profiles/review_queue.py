"""The reviews that wait for a human, and deciding them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from profiles.merging import merge, tell_apart
from profiles.models import ChannelIdentity, Operation, Review, StaffMember
from profiles.operations import Done, VerbRefusedError
from profiles.why import OtherProfile
from profiles.wording import reason_words

LATER = timedelta(days=7)

#: Open: two profiles now, no standing *different* between them that is later than the news, not put off.
_IS_OPEN = """
{one}.profile_id <> {other}.profile_id AND ({r}.later_until IS NULL OR {r}.later_until <= now())
AND (
    SELECT d.id FROM profiles_channelidentity x
    JOIN profiles_decision d ON x.id IN (d.one_id, d.other_id) AND d.verdict = 'different' AND d.retracted_by_id IS NULL
    JOIN profiles_operation o ON o.id = d.operation_id AND o.created_at > coalesce({r}.again_since, '-infinity')
    JOIN profiles_channelidentity y ON y.id IN (d.one_id, d.other_id) AND y.id <> x.id
    WHERE x.profile_id = {one}.profile_id AND y.profile_id = {other}.profile_id LIMIT 1
) IS NULL
"""
#: The newest of each pair of profiles, asked of each row in turn: a page of a long queue costs no more than of a short.
#: Each step is fenced, else the planner joins everybody's reviews for a few.
_OPEN_AMONG = f"""
SELECT r.id
FROM {{reviews}} r
CROSS JOIN LATERAL (SELECT profile_id FROM profiles_channelidentity WHERE id = r.one_id OFFSET 0) a
CROSS JOIN LATERAL (SELECT profile_id FROM profiles_channelidentity WHERE id = r.other_id OFFSET 0) b
WHERE {_IS_OPEN.format(r="r", one="a", other="b")}
AND (
    SELECT n.id FROM profiles_channelidentity v
    JOIN profiles_review n ON n.one_id = v.id AND n.id > r.id
    JOIN profiles_channelidentity w ON w.id = n.other_id
    WHERE v.profile_id IN (a.profile_id, b.profile_id) AND w.profile_id IN (a.profile_id, b.profile_id)
    AND {_IS_OPEN.format(r="n", one="v", other="w")}
    LIMIT 1
) IS NULL
"""  # noqa: S608
_OPEN = _OPEN_AMONG.format(reviews="profiles_review")
#: Found by its channel identities: a customer's page does not read everybody's reviews.
_OPEN_OF_PROFILE = _OPEN_AMONG.format(
    reviews="""(
    SELECT q.id, q.one_id, q.other_id, q.later_until, q.again_since
    FROM profiles_channelidentity m JOIN profiles_review q ON q.one_id = m.id WHERE m.profile_id = %(profile)s
    UNION SELECT q.id, q.one_id, q.other_id, q.later_until, q.again_since
    FROM profiles_channelidentity m JOIN profiles_review q ON q.other_id = m.id WHERE m.profile_id = %(profile)s)"""
)
#: How many wait, counted up to `most`: a long queue costs a page no more than a short one.
OPEN_COUNT = f"SELECT count(*) FROM ({_OPEN} ORDER BY r.id DESC LIMIT %(most)s) counted"  # noqa: S608
#: A place in the queue is counted this far.
MOST_COUNTED = 500


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A pair to look at, as it is now; `reasons` are facts, each with its sentence under `words`."""

    id: int
    kind: str
    one: OtherProfile
    other: OtherProfile
    reasons: tuple[dict[str, Any], ...]
    raised_at: datetime
    again_since: datetime | None


def open_reviews(*, before: int | None = None, limit: int = 50, profile_id: int | None = None) -> list[ReviewView]:
    """The newest open reviews with an id below `before`, one for each pair of profiles; of one profile if asked."""
    pairs = _OPEN if profile_id is None else _OPEN_OF_PROFILE
    with connection.cursor() as cursor:
        cursor.execute(
            f"{pairs} AND (%(before)s::bigint IS NULL OR r.id < %(before)s::bigint) ORDER BY r.id DESC LIMIT %(limit)s",
            {"before": before, "limit": limit, "profile": profile_id},
        )
        ids = [row[0] for row in cursor.fetchall()]
    return _views(Review.objects.filter(id__in=ids).order_by("-id"))


def open_reviews_of(profile_id: int) -> list[int]:
    """The ids of the open reviews about the profile, newest first, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_OPEN_OF_PROFILE} ORDER BY r.id DESC", {"profile": profile_id})
        return [row[0] for row in cursor.fetchall()]


def count_open_reviews(*, at_most: int = 100) -> int:
    """How many wait, counted no further than `at_most`."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_COUNT, {"most": at_most})
        return int(cursor.fetchone()[0])


def review_view(review: Review) -> ReviewView:
    """One review, whatever became of it."""
    return _views([review])[0]


def _views(rows: Any) -> list[ReviewView]:
    reviews: Sequence[Review] = list(rows)
    ids = {pk for review in reviews for pk in (review.one_id, review.other_id)}
    found = ChannelIdentity.objects.filter(id__in=ids).select_related("profile")
    profiles = {row.pk: OtherProfile(row.profile_id, row.profile.display_name) for row in found}
    return [
        ReviewView(
            id=review.pk,
            kind=review.kind,
            one=profiles[review.one_id],
            other=profiles[review.other_id],
            reasons=tuple({**reason, "words": reason_words(reason)} for reason in review.reasons),
            raised_at=review.raised_at,
            again_since=review.again_since,
        )
        for review in reviews
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a review stands among the open ones: from the top, of how many, and who is before and after it.

    Both are counted as far as `MOST_COUNTED`, which then means so many or more.
    """

    number: int
    total: int
    previous: int | None
    following: int | None

    @property
    def shown(self) -> tuple[str, str]:
        """Number and total as a page says them."""
        return _counted(self.number), _counted(self.total)


def _counted(count: int) -> str:
    return f"{MOST_COUNTED}+" if count >= MOST_COUNTED else str(count)


_PLACE = f"""
SELECT
    (SELECT count(*) + 1 FROM ({_OPEN} AND r.id > %(id)s ORDER BY r.id LIMIT %(most)s - 1) newer),
    (SELECT count(*) FROM ({_OPEN} ORDER BY r.id DESC LIMIT %(most)s) every),
    (SELECT id FROM ({_OPEN} AND r.id > %(id)s ORDER BY r.id LIMIT 1) before),
    (SELECT id FROM ({_OPEN} AND r.id < %(id)s ORDER BY r.id DESC LIMIT 1) after)
"""  # noqa: S608


def place_of(review_id: int) -> Place:
    """The place of a review in the queue, newest first; also of one that is no longer in it."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, {"id": review_id, "most": MOST_COUNTED})
        return Place(*cursor.fetchone())


def decide(
    review: Review, verdict: str, *, actor: StaffMember, reason: str = "", choices: Mapping[str, int] | None = None
) -> Done:
    """The pair is `same` (merged) or `different` (kept apart for good); either can be undone as an operation.

    Raises VerbRefusedError when they are one already and should be different.
    """
    view = review_view(review)
    if verdict == "same":
        verb = Operation.Verb.DECIDE
        done = merge(view.one.id, view.other.id, actor=actor, reason=reason, choices=choices, verb=verb)
    elif view.one.id == view.other.id:
        raise VerbRefusedError("they are one customer by now; unmerge what belongs to somebody else")
    else:
        done = tell_apart(view.one.id, view.other.id, actor=actor, reason=reason)
    Review.objects.filter(id=review.pk).update(operation=done.operation, later_until=None)
    return done


def put_off(review: Review) -> None:
    """The review comes back in a week."""
    Review.objects.filter(id=review.pk).update(later_until=timezone.now() + LATER)


def bring_back(review: Review) -> None:
    """The review is in the queue again at once."""
    Review.objects.filter(id=review.pk).update(later_until=None)
