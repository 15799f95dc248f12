"""How much of each kind a customer's timeline holds, for the chips above it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from timeline.entries import EntryKind
from timeline.filters import GROUPS, TALK

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
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Entries by group, and messages by channel; a number above MOST_COUNTED stands for any such."""

    groups: Mapping[str, int]
    channels: Mapping[str, int]


def counts_of(profile_id: int) -> Counts:
    """What the profile's chips count, in one query that looks at a bounded number of index rows for each address."""
    parameters: dict[str, Any] = {"profile": profile_id, "kinds": list(EntryKind), "most": MOST_COUNTED + 1}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, parameters)
        rows = cursor.fetchall()
    kinds: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    for channel, kind, n in rows:
        kinds[kind] += int(n)
        if kind in TALK:
            channels[channel] += int(n)
    return Counts({name: sum(kinds[kind] for kind in group) for name, group in GROUPS.items()}, channels)
