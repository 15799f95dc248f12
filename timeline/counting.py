"""What stands above a customer's timeline: how much of each kind it holds, and what is pinned."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from timeline.entries import EntryKind
from timeline.filters import GROUPS, TALK
from timeline.work.state import PIN

#: Nobody needs to know more exactly, and counting further would cost with the history.
MOST_COUNTED = 999

#: In the order of the index by kind, which is then the one that is read (see `timeline.reading`).
_COUNTS = """
SELECT a.channel, k.kind, sum(n.n) FROM profiles_channelidentity c
JOIN profiles_channelaccount a ON a.id = c.account_id
CROSS JOIN unnest(%(kinds)s::text[]) AS k(kind)
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM (
        SELECT FROM timeline_entry e WHERE e.channel_identity_id = c.id AND e.kind >= k.kind AND e.kind <= k.kind
        ORDER BY e.kind, e.occurred_at, e.id LIMIT %(most)s
    ) counted
) n
WHERE c.profile_id = %(profile)s AND n.n > 0 GROUP BY a.channel, k.kind
UNION ALL
SELECT NULL, NULL, substr(said.name, %(prefix)s)::bigint FROM (
    SELECT DISTINCT ON (f.key) f.key AS name, f.value AS fact
    FROM timeline_workstate w JOIN profiles_channelidentity c ON c.id = w.channel_identity_id
    CROSS JOIN LATERAL jsonb_each(w.fields) f
    WHERE c.profile_id = %(profile)s AND starts_with(f.key, %(pin)s)
    ORDER BY f.key, (f.value ->> 'in')::bigint DESC
) said WHERE said.fact -> 'value' <> 'null'
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Entries by group, and messages by channel; a number above MOST_COUNTED stands for any such.

    `pinned` are entry ids: of each the word said last, over all channel identities of the profile.
    """

    groups: Mapping[str, int]
    channels: Mapping[str, int]
    pinned: frozenset[int]


def counts_of(profile_id: int) -> Counts:
    """What the profile's chips count, in one query that looks at a bounded number of index rows for each address."""
    parameters: dict[str, Any] = {"profile": profile_id, "kinds": list(EntryKind), "most": MOST_COUNTED + 1}
    parameters |= {"pin": PIN, "prefix": len(PIN) + 1}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, parameters)
        rows = cursor.fetchall()
    kinds: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    for channel, kind, n in rows:
        if kind is None:
            continue
        kinds[kind] += int(n)
        if kind in TALK:
            channels[channel] += int(n)
    pinned = frozenset(int(pk) for _channel, kind, pk in rows if kind is None)
    return Counts({name: sum(kinds[kind] for kind in group) for name, group in GROUPS.items()}, channels, pinned)
