"""The work state of each channel identity, folded from the work entries that name it.

A channel identity that lost its boundary (void) keeps its state, which counts for the profile it leads to; the person
of a new epoch starts with none.
"""

from collections.abc import Iterable, Sequence

from timeline.models import Entry, WorkState
from timeline.work.state import Fields, applied


def fold(entry: Entry) -> None:
    """What the entry says is part of the state of every channel identity it names. The caller holds their rows."""
    named: list[int] = entry.detail["channel_identities"]
    known = WorkState.objects.in_bulk(named)
    before = {pk: known[pk].fields if pk in known else {} for pk in named}
    _write({pk: _after(fields, entry) for pk, fields in before.items()})


def refold_work(channel_identity_ids: Iterable[int]) -> int:
    """The work states of the channel identities are what their entries say; returns how many were not."""
    ids = sorted(set(channel_identity_ids))
    right = _from_entries(ids)
    stored = dict(WorkState.objects.filter(channel_identity_id__in=ids).values_list("channel_identity_id", "fields"))
    wrong = {pk: fields for pk, fields in right.items() if stored.get(pk) != fields}
    _write(wrong)
    odd = stored.keys() - right.keys()
    if odd:
        WorkState.objects.filter(channel_identity_id__in=odd).delete()
    return len(wrong) + len(odd)


_NAMING = """
SELECT e.id, e.occurred_at, e.detail, i.id AS named FROM unnest(%s::bigint[]) AS i(id)
JOIN timeline_entry e ON e.kind = 'work' AND e.detail->'channel_identities' @> to_jsonb(i.id)
ORDER BY e.id
"""


def _from_entries(ids: Sequence[int]) -> dict[int, Fields]:
    """The fields of everybody whom a work entry names."""
    found: dict[int, Fields] = {}
    for entry in Entry.objects.raw(_NAMING, [list(ids)]) if ids else ():
        named: int = entry.named  # type: ignore[attr-defined]  # a column of the query
        found[named] = _after(found.get(named, {}), entry)
    return found


def _after(fields: Fields, entry: Entry) -> Fields:
    return applied(fields, entry.pk, entry.occurred_at.isoformat(), entry.detail)


def _write(states: dict[int, Fields]) -> None:
    WorkState.objects.bulk_create(
        [WorkState(channel_identity_id=pk, fields=states[pk]) for pk in sorted(states)],
        update_conflicts=True,
        unique_fields=["channel_identity"],
        update_fields=["fields"],
    )
