"""The newest entries of a customer as the rules of the brief read them, in one query whatever the history."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from profiles.reading_rights import hidden_now
from timeline.brief.sentences import MOST_READ
from timeline.brief.summing_up import Visit, findings
from timeline.brief.values import Finding, Happened
from timeline.models import OPEN_KINDS
from timeline.showing.mails import folded_mail

MOST_ENTRIES = 500
#: Enough of a mail to find where it begins to repeat earlier ones.
_MOST_TEXT = 4 * MOST_READ

# Of a line that the reader may not read, only that somebody answered is known, or it would be asked for again.
# A message may bring a long detail along (a mail's head, its pictures): only the parts that a rule reads are taken.
_NEWEST = """
SELECT n.id, n.occurred_at, e.kind, e.direction, a.channel,
    CASE WHEN h.is_hidden THEN '' ELSE left(e.text, %(text)s) END, e.delivery, e.set_aside <> '' AND e.direction = 'in',
    CASE WHEN h.is_hidden THEN '{}' WHEN e.kind <> 'message' THEN e.detail ELSE jsonb_strip_nulls(jsonb_build_object(
        'type', e.detail -> 'type', 'subject', e.detail -> 'subject', 'by', e.detail -> 'by',
        'errors', e.detail -> 'errors', 'attachments', e.detail -> 'attachments',
        'is_automatic', e.detail -> 'is_automatic', 'replaced_by', e.detail -> 'replaced_by',
        'revoked_at', e.detail -> 'revoked_at', 'thread', e.detail -> 'thread',
        'in_reply_to', e.detail -> 'in_reply_to', 'reply_to', e.detail -> 'reply_to')) END
FROM (
    SELECT t.id, t.occurred_at FROM profiles_channelidentity c
    CROSS JOIN LATERAL (
        SELECT id, occurred_at FROM timeline_entry WHERE channel_identity_id = c.id
        ORDER BY occurred_at DESC, id DESC LIMIT %(limit)s
    ) t
    WHERE c.profile_id = %(profile)s ORDER BY t.occurred_at DESC, t.id DESC LIMIT %(limit)s
) n
JOIN timeline_entry e ON e.id = n.id
JOIN profiles_channelaccount a ON a.id = e.account_id
CROSS JOIN LATERAL (SELECT a.id = ANY(%(hidden)s) AND NOT e.kind = ANY(%(open)s) AS is_hidden) h
WHERE NOT h.is_hidden OR (
    e.kind = 'message' AND e.direction = 'out' AND e.delivery IS DISTINCT FROM 'failed'
    AND NOT e.detail @> '{"is_automatic": true}'
)
ORDER BY n.occurred_at, n.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The lines, what `since` they are, how many entries came since and how many were read.

    `is_visit`: `since` is the reader's last visit, else our last answer. `is_cut`: there were more since than are read,
    so `count` is as many as were looked at.
    """

    lines: list[Finding]
    since: datetime | None
    count: int
    read: int
    is_cut: bool
    is_visit: bool


def brief_of(profile_id: int, *, since: datetime | None, reader: int | None, now: datetime | None = None) -> Brief:
    """The brief for the member `reader` whose last visit was `since`; in the current time zone.

    Without a visit, everything since our last answer is news.
    """
    entries = newest(profile_id)
    told = since or last_answer_at(entries)
    moment = now or timezone.now()
    visit = Visit(now=moment, zone=timezone.get_current_timezone(), since=told, reader=reader)
    fresh = sum(told is None or entry.at > told for entry in entries)
    return Brief(
        lines=findings(entries, visit),
        since=told,
        count=fresh,
        read=len(entries),
        is_cut=fresh == len(entries) == MOST_ENTRIES,
        is_visit=since is not None,
    )


def last_answer_at(entries: list[Happened]) -> datetime | None:
    """When a person last wrote to the customer."""
    return max((entry.at for entry in entries if entry.is_answer), default=None)


def newest(profile_id: int, *, limit: int = MOST_ENTRIES) -> list[Happened]:
    """The newest entries, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            _NEWEST,
            {
                "profile": profile_id,
                "limit": limit,
                "text": _MOST_TEXT,
                "hidden": list(hidden_now()),
                "open": list(OPEN_KINDS),
            },
        )
        return [_happened(*row) for row in cursor.fetchall()]


def _happened(
    pk: int,
    at: datetime,
    kind: str,
    direction: str,
    channel: str,
    text: str,
    delivery: str | None,
    is_set_aside: bool,
    detail_json: str | Mapping[str, Any],
) -> Happened:
    detail = json.loads(detail_json) if isinstance(detail_json, str) else detail_json
    is_mail = detail.get("type") == "mail" or detail.get("subject")
    return Happened(
        id=pk,
        at=at,
        kind=kind,
        direction=direction,
        channel=channel,
        text="" if detail.get("revoked_at") else folded_mail(detail, text).shown if is_mail else text,
        delivery=delivery,
        is_automatic=is_set_aside or detail.get("is_automatic") is True,
        detail=detail,
    )
