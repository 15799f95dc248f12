"""Folding the status of identifiers: open to join people, or closed by a human's word, because they are ours, by their
form or by their anchors."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import connection

from profiles.components import boundary_starts, sorted_starts
from profiles.identity.evidence import JoinKey, Marking, Seen
from profiles.identity.policy import Policy
from profiles.identity.shared import shared_epochs
from profiles.identity.values import IdentifierKind, IdentifierStatus
from profiles.identity.worth import is_own, status_by_form
from profiles.models import Identifier
from profiles.own import own_keys

_ROWS = """
SELECT i.id, i.kind, i.scope, i.join_key, i.status, i.shared_epochs, (
    SELECT m.status FROM profiles_marking m JOIN profiles_operation o ON o.id = m.operation_id AND o.is_standing
    WHERE (m.kind, m.scope, m.join_key) = (f.kind, f.scope, f.join_key) ORDER BY m.operation_id DESC LIMIT 1
)
FROM unnest(%s::text[], %s::text[], %s::text[]) AS f(kind, scope, join_key)
JOIN profiles_identifier i USING (kind, scope, join_key) ORDER BY i.id
"""

# Each step is fenced: on a young table without statistics the planner once joined everything with everything.
_ANCHORS = """
SELECT coalesce(c.void_in_id, c.id), f.kind, f.scope, f.join_key, s.grade, min(s.occurred_at),
    o.scope, o.join_key, a.grade
FROM unnest(%s::text[], %s::text[], %s::text[]) AS f(kind, scope, join_key)
CROSS JOIN LATERAL (
    SELECT id FROM profiles_identifier WHERE (kind, scope, join_key) = (f.kind, f.scope, f.join_key) OFFSET 0
) i
CROSS JOIN LATERAL (
    SELECT channel_identity_id, grade, occurred_at FROM profiles_sighting
    WHERE identifier_id = i.id AND withdrawn_by_id IS NULL OFFSET 0
) s
CROSS JOIN LATERAL (
    SELECT identifier_id, grade FROM profiles_sighting
    WHERE channel_identity_id = s.channel_identity_id AND withdrawn_by_id IS NULL OFFSET 0
) a
CROSS JOIN LATERAL (
    SELECT scope, join_key FROM profiles_identifier WHERE id = a.identifier_id AND kind = 'customer_id' OFFSET 0
) o
CROSS JOIN LATERAL (SELECT id, void_in_id FROM profiles_channelidentity WHERE id = s.channel_identity_id OFFSET 0) c
GROUP BY 1, 2, 3, 4, 5, 7, 8, 9
"""


def refold_status(keys: Collection[JoinKey], policy: Policy, *, growing: bool = False) -> set[JoinKey]:
    """Status and shared epochs of the identifiers are what the evidence says; returns those that opened or closed.

    With `growing` evidence was only added: what is shared stays so, and its anchors, maybe thousands, are not read.
    """
    rows: dict[JoinKey, list[tuple[int, str, list[datetime]]]] = {}
    marked: dict[JoinKey, str] = {}
    for pk, kind, scope, join_key, status, shared, word in _query(_ROWS, keys):
        rows.setdefault((kind, scope, join_key), []).append((pk, status, sorted(shared)))
        if word:  # what a human said last
            marked[kind, scope, join_key] = word
    own = own_keys() if rows else frozenset()
    formed = {k: IdentifierStatus.BLOCKED if is_own(k[0], k[2], own) else status_by_form(k[0], k[2]) for k in rows}
    unsure = {k for k in rows if k not in marked and policy.shared_at(k[0]) and not formed[k]}
    starts = sorted_starts(boundary_starts(unsure))
    if growing:
        unsure = {k for k in unsure if not any(shared for _, _, shared in rows[k]) or k in starts}
    anchors = _anchors(unsure)
    anchored = shared_epochs(anchors, starts, policy, _markings({seen.identifier for seen in anchors} - unsure))
    changed = set()
    for key, variants in rows.items():
        if growing and key not in marked and key not in unsure and any(shared for _, _, shared in variants):
            shared = next(shared for _, _, shared in variants if shared)
        else:
            shared = sorted(anchored.get(key, ()))
        status = marked.get(key) or formed[key] or _status(shared, starts.get(key, ()))
        stale = [pk for pk, *fold in variants if fold != [status, shared]]
        if stale:
            Identifier.objects.filter(id__in=stale).update(status=status, shared_epochs=shared)
            changed.add(key)
    return changed


def _status(shared: Collection[datetime], starts: Collection[datetime]) -> str:
    """An identifier is called generic while its latest epoch is a shared one."""
    latest = max(starts, default=None)
    is_shared = any(latest is None or epoch >= latest for epoch in shared)
    return IdentifierStatus.GENERIC if is_shared else IdentifierStatus.NORMAL


_MARKINGS = """
SELECT DISTINCT ON (m.kind, m.scope, m.join_key) m.kind, m.scope, m.join_key, m.status
FROM unnest(%s::text[], %s::text[], %s::text[]) AS f(kind, scope, join_key)
JOIN profiles_marking m USING (kind, scope, join_key)
JOIN profiles_operation o ON o.id = m.operation_id AND o.is_standing
ORDER BY 1, 2, 3, m.operation_id DESC
"""


def _markings(keys: Collection[JoinKey]) -> list[Marking]:
    """What humans said last of the identifiers."""
    return [Marking((kind, scope, join_key), status) for kind, scope, join_key, status in _query(_MARKINGS, keys)]


def _anchors(keys: Collection[JoinKey]) -> list[Seen]:
    """The sightings of the identifiers with channel identities that have a customer id, and those customer ids."""
    found = []
    for pk, kind, scope, join_key, grade, at, owner_scope, owner, owner_grade in _query(_ANCHORS, keys):
        found.append(Seen((pk,), (kind, scope, join_key), grade, at))
        found.append(Seen((pk,), (str(IdentifierKind.CUSTOMER_ID), owner_scope, owner), owner_grade, at))
    return found


def _query(sql: str, keys: Iterable[JoinKey]) -> list[tuple]:  # type: ignore[type-arg]
    ordered = sorted(keys)
    if not ordered:
        return []
    kinds, scopes, join_keys = zip(*ordered, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(kinds), list(scopes), list(join_keys)])
        return list(cursor.fetchall())
