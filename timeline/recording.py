"""Writing the timeline: entries once each, amendments in any order, and the folds that follow from them.

Everything runs in the caller's transaction, after `profiles.resolution.identify`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from profiles.locking import lock_id, take_advisory_locks
from profiles.prepared import prepared
from timeline.contact_times import fold_identities
from timeline.entries import AmendmentKind, Change, Delivery, Direction, EntryKind, shown
from timeline.models import Amendment, CurrentTransaction, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to be recorded; without a provider message id it is recorded each time it is passed."""

    channel_identity_id: int
    account_id: int
    kind: EntryKind
    direction: Direction
    occurred_at: datetime
    provider_message_id: str | None = None
    text: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    delivery: Delivery | None = None
    sender_grade: str | None = None
    is_placeholder: bool = False
    is_backfilled: bool = False
    set_aside: str = ""
    envelope_id: int | None = None
    sightings: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAmendment:
    """An amendment to be recorded. With a channel identity, an unknown target becomes a placeholder on its timeline."""

    account_id: int
    kind: AmendmentKind
    key: str
    target_message_id: str
    occurred_at: datetime
    detail: dict[str, Any] = field(default_factory=dict)
    channel_identity_id: int | None = None
    envelope_id: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What changed: every new or changed entry with its channel identity and kind, for the live stream.

    `identities` are the channel identities whose entries came, went or were filled: their queue rows are due.
    """

    entries: tuple[tuple[int, int, str], ...]
    identities: frozenset[int]


#: (account, provider message id)
MessageKey = tuple[int, str]
Held = dict[MessageKey, Entry]


_OF_MESSAGES = """
SELECT id FROM timeline_entry WHERE account_id = ANY(%s::bigint[]) AND provider_message_id = ANY(%s::text[])
"""


def _columns_of(keys: Iterable[MessageKey]) -> list[list[Any]]:
    """Accounts and message ids, each once, as parameters."""
    accounts, messages = zip(*keys, strict=True)
    return [sorted(set(accounts)), sorted(set(messages))]


def hold_messages(entries: Iterable[MessageKey]) -> Held:
    """The entries of these message ids, kept from everybody else until the transaction ends.

    So a message and its amendment cannot pass each other unseen. Taken before any other lock.
    """
    keys = set(entries)
    take_advisory_locks(lock_id("message", *key) for key in keys)
    if not keys:
        return {}
    with prepared() as cursor:
        cursor.execute(_OF_MESSAGES, _columns_of(keys))
        ids = [pk for (pk,) in cursor.fetchall()]
    rows = Entry.objects.filter(id__in=ids) if ids else ()  # most messages are new
    found = {(row.account_id, str(row.provider_message_id)): row for row in rows}
    return {key: row for key, row in found.items() if key in keys}


def are_in_place(held: Held) -> bool:
    """Whether the entries are still on the channel identities they were read on: a boundary may have moved them.

    Asked once the rows of those channel identities are locked, after which nobody moves them.
    """
    if not held:
        return True
    rows = Entry.objects.filter(id__in=[entry.id for entry in held.values()])
    current = dict(rows.values_list("id", "channel_identity_id"))
    return all(current.get(entry.id) == entry.channel_identity_id for entry in held.values())


def reload(held: Held) -> Held:
    """The same entries, as they are now."""
    rows = {row.id: row for row in Entry.objects.filter(id__in=[entry.id for entry in held.values()])}
    return {key: rows[entry.id] for key, entry in held.items()}


def refold_entries(entry_ids: Iterable[int]) -> int:
    """The amended entries show what their first content and their amendments say; returns how many did not."""
    rows = Entry.objects.filter(id__in=list(entry_ids), provider_message_id__isnull=False)
    current = {(row.account_id, str(row.provider_message_id)): row for row in rows}
    before = {row.id: (row.text, row.detail, row.delivery) for row in current.values()}
    with transaction.atomic():
        amended = _refold(set(current), (), current)
        differed = sum(before[entry.id] != (entry.text, entry.detail, entry.delivery) for entry in amended)
        transaction.set_rollback(not differed)  # open pages need not pull what is as it was
    return differed


def record(entries: Sequence[NewEntry], amendments: Sequence[NewAmendment], held: Held) -> Recorded:
    """Every entry and amendment is stored exactly once and every touched entry shows what its amendments say.

    The caller holds the messages, and the rows of the channel identities of the entries, the amendments and `held`.
    """
    fresh = _insert_amendments(amendments)
    written, filled = _insert_entries(entries, held)
    current = held | {(e.account_id, e.provider_message_id): e for e in written if e.provider_message_id}
    placeholders = _insert_placeholders(fresh, current)
    written += placeholders
    current |= {(e.account_id, str(e.provider_message_id)): e for e in placeholders}
    failed = {key for key, entry in held.items() if entry.delivery == Delivery.FAILED}
    amended = _refold({(a.account_id, a.target_message_id) for a in fresh}, written, current)
    # Whether a message counts as an answer changes with its failure, so its channel identity is folded anew.
    filled |= {
        entry.channel_identity_id
        for entry in amended
        if (entry.delivery == Delivery.FAILED) != ((entry.account_id, entry.provider_message_id) in failed)
    }
    fold_identities(written, filled)
    changed = {entry.id: entry for entry in [*written, *amended]}
    return Recorded(
        tuple((pk, entry.channel_identity_id, entry.kind) for pk, entry in sorted(changed.items())),
        frozenset({entry.channel_identity_id for entry in written} | filled),
    )


def _insert_amendments(amendments: Sequence[NewAmendment]) -> list[NewAmendment]:
    """Stores what is not stored yet and returns it."""
    unique = {(a.account_id, a.key): a for a in reversed(amendments)}
    if not unique:
        return []
    rows = Amendment.objects.filter(account_id__in={k[0] for k in unique}, key__in={k[1] for k in unique})
    known = set(rows.values_list("account_id", "key"))
    fresh = [unique[key] for key in reversed(unique) if key not in known]
    Amendment.objects.bulk_create(
        (
            Amendment(
                account_id=a.account_id,
                key=a.key,
                kind=a.kind,
                target_message_id=a.target_message_id,
                occurred_at=a.occurred_at,
                detail=a.detail,
                envelope_id=a.envelope_id,
            )
            for a in fresh
        ),
        ignore_conflicts=True,
    )
    return fresh


def _insert_entries(entries: Iterable[NewEntry], existing: Held) -> tuple[list[Entry], set[int]]:
    """The stored entries that are new or were a placeholder until now, and the identities of the latter."""
    unique: dict[object, NewEntry] = {}
    for number, entry in enumerate(entries):
        key: object = (entry.account_id, entry.provider_message_id) if entry.provider_message_id else number
        rival = unique.get(key)
        if rival is None or (rival.is_placeholder and not entry.is_placeholder):
            unique[key] = entry
    written = _store([entry for key, entry in unique.items() if key not in existing])
    filled: set[int] = set()
    for key, entry in unique.items():
        held_row = existing.get(key)  # type: ignore[call-overload]
        if held_row is not None and held_row.is_placeholder and not entry.is_placeholder:
            filled |= {held_row.channel_identity_id, entry.channel_identity_id}
            written.append(_fill(held_row, entry))
    return written, filled


_COLUMNS = {
    "channel_identity_id": "bigint",
    "account_id": "bigint",
    "kind": "text",
    "direction": "text",
    "occurred_at": "timestamptz",
    "provider_message_id": "text",
    "text": "text",
    "detail": "jsonb",
    "delivery": "text",
    "sender_grade": "text",
    "is_placeholder": "boolean",
    "is_backfilled": "boolean",
    "set_aside": "text",
    "envelope_id": "bigint",
    "sightings": "bigint[]",
}
_INSERT = f"""
WITH told AS MATERIALIZED (
    SELECT nextval('timeline_entry_id_seq') AS id, r.* FROM ROWS FROM (
        jsonb_to_recordset(%s::jsonb) AS ({", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())})
    ) WITH ORDINALITY AS r({", ".join(_COLUMNS)}, place)
), written AS (
    INSERT INTO timeline_entry (id, {", ".join(_COLUMNS)}, recorded_at)
    SELECT id, {", ".join(_COLUMNS)}, now() FROM told
)
SELECT id FROM told ORDER BY place
"""  # noqa: S608


def _store(entries: Sequence[NewEntry]) -> list[Entry]:
    """The entries as rows. One document instead of a parameter for each field of each row: twice as fast."""
    if not entries:
        return []
    rows = [_row(entry) for entry in entries]
    document = [{name: getattr(row, name) for name in _COLUMNS} for row in rows]
    with prepared() as cursor:
        cursor.execute(_INSERT, [json.dumps(document, default=datetime.isoformat)])
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.id = pk
    return rows


def _row(entry: NewEntry) -> Entry:
    return Entry(**{name: getattr(entry, name) for name in NewEntry.__dataclass_fields__})


def _fill(row: Entry, entry: NewEntry) -> Entry:
    """A placeholder becomes the message it stood for; its amendments are folded again afterwards."""
    filled = _row(entry)
    filled.id, filled.recorded_at, filled.original = row.id, row.recorded_at, None
    columns = {name: getattr(filled, name) for name in (*NewEntry.__dataclass_fields__, "original")}
    Entry.objects.filter(id=row.id).update(**columns, changed_in=CurrentTransaction())
    return filled


def _insert_placeholders(fresh: Sequence[NewAmendment], known: Held) -> list[Entry]:
    """What a customer did to a message that is not here (yet) is shown in its place.

    A delivery status is not: it also comes before the answer to our own send call, and then the message follows.
    """
    candidates = {
        (a.account_id, a.target_message_id): a for a in reversed(fresh) if a.channel_identity_id and _shows_alone(a)
    }
    return _store(
        [
            NewEntry(
                channel_identity_id=a.channel_identity_id or 0,
                account_id=a.account_id,
                kind=EntryKind.MESSAGE,
                direction=Direction.NONE if a.kind is AmendmentKind.REACTION else Direction.IN,
                occurred_at=a.occurred_at,
                provider_message_id=a.target_message_id,
                detail={"type": "unknown"},
                is_placeholder=True,
                envelope_id=a.envelope_id,
            )
            for key, a in candidates.items()
            if key not in known
        ]
    )


def _shows_alone(amendment: NewAmendment) -> bool:
    """Whether an amendment says something without its message: a receipt, a file and a reaction taken back do not."""
    if amendment.kind is AmendmentKind.REACTION:
        return bool(amendment.detail.get("emoji"))
    return amendment.kind not in (AmendmentKind.STATUS, AmendmentKind.MEDIA)


_AMENDED = """
SELECT account_id, target_message_id, kind, key, occurred_at, detail::text FROM timeline_amendment
WHERE account_id = ANY(%s::bigint[]) AND target_message_id = ANY(%s::text[])
"""


def _refold(targets: set[MessageKey], written: Sequence[Entry], current: Held) -> list[Entry]:
    """Every entry that has amendments, among the targets and the newly written, shows what they say."""
    keys = targets | {(e.account_id, e.provider_message_id) for e in written if e.provider_message_id}
    if not keys:
        return []
    changes: dict[MessageKey, list[Change]] = {}
    with prepared() as cursor:
        cursor.execute(_AMENDED, _columns_of(keys))
        for account_id, target, kind, key, at, detail in cursor.fetchall():
            change = Change(kind=AmendmentKind(kind), key=key, occurred_at=at, detail=json.loads(detail))
            changes.setdefault((account_id, target), []).append(change)
    if not changes:
        return []
    amended = [_apply(current[key], changes[key]) for key in keys & changes.keys() & current.keys()]
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE timeline_entry SET text = %s, detail = %s, delivery = %s, original = %s,"
            " changed_in = pg_current_xact_id()::text::bigint WHERE id = %s",
            [
                (e.text, json.dumps(e.detail), e.delivery, json.dumps(e.original), e.id)
                for e in sorted(amended, key=lambda e: e.id)
            ],
        )
    return amended


def _apply(entry: Entry, changes: Sequence[Change]) -> Entry:
    entry.original = entry.original or {"text": entry.text, "detail": entry.detail, "delivery": entry.delivery}
    first = entry.original["delivery"]
    if entry.direction == Direction.IN:  # a receipt is about what we sent, whatever id it names
        changes = [change for change in changes if change.kind is not AmendmentKind.STATUS]
    result = shown(entry.original["text"], entry.original["detail"], Delivery(first) if first else None, changes)
    entry.text, entry.detail, entry.delivery = result.text, result.detail, result.delivery
    return entry
