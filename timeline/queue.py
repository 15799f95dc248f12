"""The queue: one row per customer, folded from the profile's channel identities and their newest entries."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from profiles.prepared import prepared
from timeline.work.targets import NAMES, due_at

#: Kinds that bring a customer to the top. Log entries about identity, work and consent do not. Page views and custom
#: events do not either: machines send those by the thousand, and somebody who only looks around asks agents for
#: nothing. An order or a payment is rare, and what customers write about next.
BUSINESS = ("order", "payment", "survey")
TALK = frozenset({"message", *BUSINESS})

#: The newest such entry of the channel identity `c` on the account `a`; spam and blocked senders do not count. Orders
#: have an index of their own, and a store's line has no messages to look for: a customer with 100,000 page views would
#: be read whole to find none.
_NEWEST = f"""
SELECT id, occurred_at FROM (
    (SELECT id, occurred_at FROM timeline_entry
     WHERE channel_identity_id = c.id AND kind = 'message' AND a.channel <> 'store' AND set_aside <> 'spam'
         AND c.blocked_at IS NULL
     ORDER BY occurred_at DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT id, occurred_at FROM timeline_entry
     WHERE channel_identity_id = c.id AND kind IN {BUSINESS} AND c.blocked_at IS NULL
     ORDER BY occurred_at DESC, id DESC LIMIT 1)
) AS each_newest ORDER BY occurred_at DESC, id DESC LIMIT 1
"""  # noqa: S608

#: A message may come this much later than it was written; what was written longer before a resolve than this, and is
#: only recorded after it, waits for nothing. Providers repeat deliveries for a week.
LATE = "interval '8 days'"

#: An incoming message of the channel identity `c` that asks for an answer.
_ASKS = "kind = 'message' AND direction = 'in' AND NOT is_backfilled AND set_aside = ''"
_MAY_ASK = "c.reply_refusal = '' AND c.blocked_at IS NULL"


def _came_after(said: str) -> str:
    """Whether a message came after the word `said`. By the order of recording, not by the provider's clock: a message
    that was on its way while a colleague resolved was not seen by them. The times only keep the search short."""
    return f"""EXISTS (
    SELECT FROM profiles_channelidentity c CROSS JOIN LATERAL (
        SELECT FROM timeline_entry WHERE channel_identity_id = c.id
            AND occurred_at > work.{said}_at - {LATE} AND id > work.{said}_in AND {_ASKS}
        ORDER BY occurred_at LIMIT 1
    ) e
    WHERE c.profile_id = p.id AND {_MAY_ASK} AND c.last_inbound_at > work.{said}_at - {LATE}
)"""  # noqa: S608


#: What colleagues said last about each profile, field by field (`timeline.work.state`).
_WORK = """
SELECT profile_id,
    (SELECT id FROM profiles_staffmember
     WHERE id = max((fact->>'value')::bigint) FILTER (WHERE key = 'assignee')) AS assignee_id,
    max((fact->>'value')::smallint) FILTER (WHERE key = 'priority') AS priority,
    array_agg(fact->>'value' ORDER BY fact->>'value' COLLATE "C")
        FILTER (WHERE starts_with(key, 'tag ') AND fact->>'value' IS NOT NULL)::varchar[] AS tags,
    min((fact#>>'{value,on}')::date) FILTER (WHERE starts_with(key, 'promise ')) AS promised_for,
    max((fact->>'in')::bigint) FILTER (WHERE key = 'resolution' AND fact->'value' = 'true') AS resolved_in,
    max((fact->>'at')::timestamptz) FILTER (WHERE key = 'resolution') AS resolved_at,
    max((fact->>'in')::bigint) FILTER (WHERE key = 'snooze') AS snoozed_in,
    max((fact->>'at')::timestamptz) FILTER (WHERE key = 'snooze') AS snoozed_at,
    max((fact->>'value')::timestamptz) FILTER (WHERE key = 'snooze') AS snoozed_until
FROM (
    SELECT DISTINCT ON (c.profile_id, f.key) c.profile_id, f.key, f.value AS fact FROM profiles_channelidentity c
    JOIN timeline_workstate w ON w.channel_identity_id = c.id CROSS JOIN LATERAL jsonb_each(w.fields) f
    WHERE c.profile_id = ANY(%(profiles)s::bigint[])
    ORDER BY c.profile_id, f.key, (f.value->>'in')::bigint DESC
) facts GROUP BY profile_id
"""

_COLUMNS = (
    "last_entry_id",
    "last_entry_at",
    "waiting_since",
    "assignee_id",
    "priority",
    "tags",
    "resolved_at",
    "snoozed_until",
    "promised_for",
)

#: As they stand in the row that is there; a snooze that ran out and was not swept away yet is as good as none.
_STILL_SNOOZED = "CASE WHEN q.snoozed_until > %(now)s::timestamptz THEN q.snoozed_until END"
_STORED = [_STILL_SNOOZED if name == "snoozed_until" else f"q.{name}" for name in _COLUMNS]

#: Whether the customer's messages that wait begin a matter: nobody answered since the last resolve, or ever.
_IS_FIRST = """answered.at <= coalesce((
    SELECT max((w.fields->'resolution'->'settled'->>1)::timestamptz) FROM profiles_channelidentity c
    JOIN timeline_workstate w ON w.channel_identity_id = c.id WHERE c.profile_id = p.id
), '-infinity')"""

#: What the targets of the line of the oldest question need, and when the answer is due by what is stored; nothing for
#: a line without targets.
_ASKS_TARGET = f"""
SELECT jsonb_build_array(p.id, waiting.since, {_IS_FIRST}, target.settings,
    (SELECT due_at FROM timeline_queuerow WHERE profile_id = p.id))
FROM profiles_channelaccount target WHERE target.id = waiting.account_id AND target.settings ?| %(targets)s::text[]
"""  # noqa: S608

_REFOLD = f"""
WITH work AS MATERIALIZED ({_WORK}), right_rows AS MATERIALIZED (
SELECT p.id AS profile_id, newest.id AS last_entry_id,
    coalesce(newest.occurred_at, (SELECT created_at FROM profiles_profile WHERE id = p.id)) AS last_entry_at,
    waiting.since AS waiting_since, work.assignee_id, coalesce(work.priority, 0) AS priority,
    coalesce(work.tags, '{{}}') AS tags,
    CASE WHEN waiting.since IS NULL AND coalesce(work.resolved_in, 0) > coalesce(work.snoozed_in, 0)
        AND NOT {_came_after("resolved")} THEN work.resolved_at END AS resolved_at,
    CASE WHEN coalesce(work.snoozed_until, '-infinity') > %(now)s::timestamptz
        AND work.snoozed_in > coalesce(work.resolved_in, 0)
        AND NOT {_came_after("snoozed")} THEN work.snoozed_until END AS snoozed_until,
    work.promised_for,
    CASE WHEN waiting.since IS NOT NULL THEN ({_ASKS_TARGET}) END AS asks_target
FROM unnest(%(profiles)s::bigint[]) AS p(id)
LEFT JOIN LATERAL (
    SELECT e.id, e.occurred_at FROM profiles_channelidentity c
    JOIN profiles_channelaccount a ON a.id = c.account_id
    CROSS JOIN LATERAL ({_NEWEST}) e WHERE c.profile_id = p.id ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1
) newest ON true
CROSS JOIN LATERAL (
    SELECT coalesce(max(last_outbound_at), '-infinity') AS at FROM profiles_channelidentity WHERE profile_id = p.id
) answered
LEFT JOIN LATERAL (
    SELECT e.occurred_at AS since, c.account_id FROM profiles_channelidentity c
    LEFT JOIN LATERAL (
        SELECT (fields->'resolution'->'settled'->>0)::bigint AS in_entry,
            (fields->'resolution'->'settled'->>1)::timestamptz AS at
        FROM timeline_workstate WHERE channel_identity_id = c.id
    ) settled ON true
    CROSS JOIN LATERAL (
        SELECT occurred_at FROM timeline_entry
        WHERE channel_identity_id = c.id AND occurred_at > greatest(answered.at, settled.at - {LATE})
          AND id > coalesce(settled.in_entry, 0) AND {_ASKS}
        ORDER BY occurred_at LIMIT 1
    ) e
    WHERE c.profile_id = p.id AND {_MAY_ASK} AND c.last_inbound_at > answered.at
    ORDER BY e.occurred_at, c.id LIMIT 1
) waiting ON true
LEFT JOIN work ON work.profile_id = p.id
WHERE newest.id IS NOT NULL OR (work.profile_id IS NOT NULL AND (
    SELECT max(greatest(last_inbound_at, last_outbound_at)) FROM profiles_channelidentity WHERE profile_id = p.id
) IS NULL)
), written AS (
INSERT INTO timeline_queuerow AS q (profile_id, {", ".join(_COLUMNS)}, due_at)
SELECT profile_id, {", ".join(_COLUMNS)}, (asks_target->>4)::timestamptz FROM right_rows ORDER BY profile_id
ON CONFLICT (profile_id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in (*_COLUMNS, "due_at"))}
WHERE ({", ".join(_STORED)}, q.due_at)
    IS DISTINCT FROM ({", ".join(f"EXCLUDED.{name}" for name in _COLUMNS)}, EXCLUDED.due_at)
RETURNING profile_id
), dropped AS (
DELETE FROM timeline_queuerow
WHERE profile_id = ANY(%(profiles)s::bigint[]) AND profile_id NOT IN (SELECT profile_id FROM right_rows)
RETURNING profile_id
)
SELECT ARRAY(SELECT profile_id FROM written UNION ALL SELECT profile_id FROM dropped),
    (SELECT jsonb_agg(asks_target) FROM right_rows WHERE asks_target IS NOT NULL)
"""  # noqa: S608

_DUE = """
UPDATE timeline_queuerow q SET due_at = f.due_at FROM unnest(%s::bigint[], %s::timestamptz[]) AS f(profile_id, due_at)
WHERE q.profile_id = f.profile_id
"""


def refold(profile_ids: Iterable[int]) -> int:
    """The queue rows of the profiles are what their entries say. Returns how many rows were not.

    Profiles without such entries have none, unless a colleague did something about somebody who never wrote: those
    stand where they came, by the time they were born.

    The caller holds the profiles' rows and folds in a later statement, so that it sees what who held them before wrote.
    """
    profiles = sorted(set(profile_ids))
    if not profiles:
        return 0
    with prepared() as cursor:
        cursor.execute(_REFOLD, {"profiles": profiles, "now": timezone.now(), "targets": list(NAMES)})
        written, asked = cursor.fetchone()
        due = _due(json.loads(asked) if isinstance(asked, str) else asked or [])
        if due:
            cursor.execute(_DUE, [list(due), list(due.values())])
    return len({*written, *due})


def _due(asked: Sequence[Sequence[Any]]) -> dict[int, datetime | None]:
    """When the answer to each customer is due whose line has a target, where that is not what is stored.

    Counted here, not in the database: business hours have holidays and summer time.
    """
    right = {pk: due_at(settings, _time(since), is_first=first) for pk, since, first, settings, _ in asked}
    return {pk: right[pk] for pk, *_, stored in asked if right[pk] != (_time(stored) if stored else None)}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
