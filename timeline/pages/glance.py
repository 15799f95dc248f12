"""What every page of the inbox needs beside its content, in one query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.functional import Promise

from profiles.models import StaffMember
from profiles.prepared import prepared
from profiles.traits import STANDING_TRAIT
from timeline.queue_views import SOON
from timeline.showing.wording import PRIORITIES
from timeline.snapshots import SEEN

WAITING_SHOWN_LIMIT = 99
#: Traits that name where the customer's clock is, as tz database names.
ZONE_TRAITS = ("timezone", "time_zone")

#: How many are in each view of `timeline.queue_views`, each counted no further than what is shown: the partial index
#: of the view is read for a hundred rows at most, however many customers there are. Its order is asked for, since
#: PostgreSQL would rather read the table, in which those who wait may all stand at the end.
_COUNTED = {
    "mine": ("assignee_id = %(member)s::bigint AND resolved_at IS NULL", "profile_id"),
    "unassigned": ("waiting_since IS NOT NULL AND assignee_id IS NULL", "waiting_since, profile_id"),
    "waiting": ("waiting_since IS NOT NULL", "waiting_since, profile_id"),
    "breaching": ("due_at <= now() + make_interval(secs => %(soon)s::float)", "due_at, profile_id"),
}
_AWAKE = "(snoozed_until IS NULL OR snoozed_until <= now())"
_MOST = WAITING_SHOWN_LIMIT + 1
_COUNTS = ",\n    ".join(
    "(SELECT count(*) FROM (SELECT FROM timeline_queuerow"  # noqa: S608
    f" WHERE {rule} AND {_AWAKE} ORDER BY {order} LIMIT {_MOST}) AS counted)"
    for rule, order in _COUNTED.values()
)
_GLANCE = f"""
SELECT {SEEN},
    (SELECT coalesce(array_agg(ARRAY[slug, name, owner_id::text, is_shared::text] ORDER BY name, id), '{{}}')
     FROM timeline_savedview WHERE removed_at IS NULL AND (owner_id = %(member)s::bigint OR is_shared)),
    q.waiting_since, q.assignee_id, coalesce(nullif(m.name, ''), m.email), coalesce(q.priority, 0),
    coalesce(q.tags, '{{}}'), q.snoozed_until, q.resolved_at, q.promised_for, q.due_at,
    (SELECT t.value FROM profiles_trait t JOIN profiles_channelidentity c ON c.id = t.channel_identity_id
     WHERE c.profile_id = opened.id AND t.name = ANY(%(zones)s::text[]) AND {STANDING_TRAIT}
     ORDER BY t.last_seen DESC, t.id LIMIT 1),
    (SELECT max(s.seen_at) FROM timeline_lastseen s JOIN profiles_channelidentity c ON c.id = s.channel_identity_id
     WHERE c.profile_id = opened.id AND s.member_id = %(member)s::bigint),
    {_COUNTS}
FROM (SELECT %(profile)s::bigint AS id) AS opened
LEFT JOIN timeline_queuerow q ON q.profile_id = opened.id LEFT JOIN profiles_staffmember m ON m.id = q.assignee_id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class SavedViewName:
    """A saved view as the menu lists it."""

    slug: str
    name: str
    owner_id: int
    is_shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkView:
    """How things stand with the open customer; nothing of it for who never wrote.

    `seen_at` is when the member last saw something new of theirs; `zone` is the customer's, if somebody said it.
    """

    waiting_since: datetime | None = None
    due_at: datetime | None = None
    assignee: str = ""
    is_mine: bool = False
    priority: tuple[str, str, str | Promise] | None = None
    tags: Sequence[str] = ()
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None
    promised_for: date | None = None
    zone: str = ""
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """`cursor` is where to go on pulling, if taken before the content; `work` is the open customer's.
    `counts` are by view, up to 99, empty for none; `saved` are the views that the member has or shares."""

    cursor: str
    work: WorkView
    counts: Mapping[str, str]
    saved: Sequence[SavedViewName]


def glance(member: StaffMember, profile_id: int | None = None) -> Glance:
    """The cursor of now, how many customers are in the views, and how things stand with the open one."""
    asked = {
        "profile": profile_id,
        "member": member.pk,
        "soon": SOON.total_seconds(),
        "zones": list(ZONE_TRAITS),
    }
    with prepared() as cursor:
        cursor.execute(_GLANCE, asked)
        head, saved, since, assignee_id, assignee, priority, tags, snoozed, resolved, promised, due, *rest = (
            cursor.fetchone()
        )
    zone, seen_at, *counted = rest
    work = WorkView(
        waiting_since=since,
        due_at=due,
        assignee=assignee or "",
        is_mine=assignee_id == member.pk,
        priority=PRIORITIES.get(priority),
        tags=tags,
        snoozed_until=snoozed if snoozed and snoozed > timezone.now() else None,
        resolved_at=resolved,
        promised_for=promised,
        zone=zone or "",
        seen_at=seen_at,
    )
    return Glance(
        cursor=head,
        work=work,
        counts={view: _shown(count) for view, count in zip(_COUNTED, counted, strict=True)},
        saved=[SavedViewName(slug, name, int(owner), shared == "true") for slug, name, owner, shared in saved],
    )


def _shown(count: int) -> str:
    return f"{WAITING_SHOWN_LIMIT}+" if count > WAITING_SHOWN_LIMIT else str(count or "")
