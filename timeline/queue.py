"""The queue: one row per customer, folded from the profile's channel identities and their newest entries."""

from collections.abc import Iterable

from django.db import connection

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

_REFOLD = f"""
WITH right_rows AS MATERIALIZED (
SELECT p.id AS profile_id, newest.id AS last_entry_id, newest.occurred_at AS last_entry_at,
    waiting.since AS waiting_since
FROM unnest(%(profiles)s::bigint[]) AS p(id)
CROSS JOIN LATERAL (
    SELECT e.id, e.occurred_at FROM profiles_channelidentity c
    JOIN profiles_channelaccount a ON a.id = c.account_id
    CROSS JOIN LATERAL ({_NEWEST}) e WHERE c.profile_id = p.id ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1
) newest
CROSS JOIN LATERAL (
    SELECT coalesce(max(last_outbound_at), '-infinity') AS at FROM profiles_channelidentity WHERE profile_id = p.id
) answered
LEFT JOIN LATERAL (
    SELECT min(e.occurred_at) AS since FROM profiles_channelidentity c
    CROSS JOIN LATERAL (
        SELECT occurred_at FROM timeline_entry
        WHERE channel_identity_id = c.id AND occurred_at > answered.at
          AND kind = 'message' AND direction = 'in' AND NOT is_backfilled AND set_aside = ''
        ORDER BY occurred_at LIMIT 1
    ) e
    WHERE c.profile_id = p.id AND c.reply_refusal = '' AND c.blocked_at IS NULL AND c.last_inbound_at > answered.at
) waiting ON true
), written AS (
INSERT INTO timeline_queuerow AS q (profile_id, last_entry_id, last_entry_at, waiting_since)
SELECT * FROM right_rows ORDER BY profile_id
ON CONFLICT (profile_id) DO UPDATE SET
    last_entry_id = EXCLUDED.last_entry_id,
    last_entry_at = EXCLUDED.last_entry_at,
    waiting_since = EXCLUDED.waiting_since
WHERE (q.last_entry_id, q.last_entry_at, q.waiting_since)
    IS DISTINCT FROM (EXCLUDED.last_entry_id, EXCLUDED.last_entry_at, EXCLUDED.waiting_since)
RETURNING 1
), dropped AS (
DELETE FROM timeline_queuerow
WHERE profile_id = ANY(%(profiles)s) AND profile_id NOT IN (SELECT profile_id FROM right_rows)
RETURNING 1
)
SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM dropped)
"""  # noqa: S608


def refold(profile_ids: Iterable[int]) -> int:
    """The queue rows of the profiles are what their entries say; profiles without entries have none. Returns how many
    rows were not.

    The caller holds the profiles' rows and folds in a later statement, so that it sees what who held them before wrote.
    """
    profiles = sorted(set(profile_ids))
    if not profiles:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_REFOLD, {"profiles": profiles})
        return int(cursor.fetchone()[0])
