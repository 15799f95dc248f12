"""What a visitor may see: the messages of their own channel identity, of its present epoch, and nothing else.

A cursor is the text of a snapshot (`timeline.snapshots`), and behind it the epoch it was read in: in another one, the
reader starts over.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from channels_ingest.webchat.models import ChatVisitor
from profiles.identity.evidence import FIRST_EPOCH
from timeline.files import extension_of
from timeline.media_links import MediaLink, Variant, media_url
from timeline.snapshots import CursorError, check_snapshot, unseen, xmax_of

#: Messages of one answer. A reader that is further behind gets the newest, and is told to forget what it had.
MOST_EVENTS = 100
LONGEST_EPOCH_SECONDS = re.compile(r"[0-9.]{1,20}", re.ASCII)
#: A visitor may fetch a file of ours for so long; opened again, the chat has a new link.
FILE_LINK_SECONDS = 86_400
_EPOCH_SECONDS = re.compile(r"[0-9.]{1,20}", re.ASCII)
#: States of our own messages in which the customer has them, or may have.
_ARRIVED = ("sent", "delivered", "read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Events, oldest first. With `is_reset` they are all there is to show: what came before them is void."""

    events: list[dict[str, Any]]
    cursor: str
    is_reset: bool


# The newest boundary starts the present epoch; there may be no channel identity in it yet.
_EPOCH = """
coalesce((
    SELECT max(starts_at) FROM profiles_boundary b
    WHERE b.account_id = %(account)s AND b.address = %(address)s AND b.withdrawn_by_id IS NULL
        AND b.starts_at <= statement_timestamp()
), %(first)s)
"""
_MINE = f"""
SELECT c.id FROM profiles_channelidentity c
WHERE c.account_id = %(account)s AND c.address = %(address)s AND c.standing = 'proved' AND c.epoch_start = {_EPOCH}
"""  # noqa: S608
_SHOWN = f"""
kind = 'message' AND NOT is_placeholder AND (direction = 'in' OR (direction = 'out' AND delivery IN {_ARRIVED}))
"""
_EVENTS = f"""
WITH moment AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot), mine AS MATERIALIZED ({_MINE})
SELECT m.snapshot::text || ';' || extract(epoch FROM {_EPOCH})::text, e.* FROM moment m LEFT JOIN LATERAL (
    SELECT id, provider_message_id, direction, text, occurred_at, delivery, detail FROM timeline_entry
    WHERE channel_identity_id = (SELECT id FROM mine) AND {_SHOWN} {{since}}
    ORDER BY occurred_at DESC, id DESC LIMIT {MOST_EVENTS + 1}
) e ON true
"""  # noqa: S608
_SINCE = f"AND {unseen('changed_in', '%(cursor)s')}"
_UNSEEN = f"""
SELECT provider_message_id FROM timeline_entry
WHERE channel_identity_id = ({_MINE}) AND kind = 'message' AND direction = 'out' AND provider_message_id IS NOT NULL
    AND delivery = ANY(%(states)s) AND (occurred_at, id) <= (
        SELECT occurred_at, id FROM timeline_entry
        WHERE account_id = %(account)s AND provider_message_id = %(last)s AND channel_identity_id = ({_MINE})
    )
ORDER BY occurred_at DESC, id DESC LIMIT {MOST_EVENTS}
"""  # noqa: S608


def events_since(visitor: ChatVisitor, cursor: str) -> Page:
    """What changed since the cursor, which is empty at first. Raises CursorError."""
    rows = _read(visitor, _check(cursor))
    now = str(rows[0][0])
    is_other_epoch = cursor.partition(";")[2] != now.partition(";")[2]
    is_ahead = bool(cursor) and xmax_of(cursor) > xmax_of(now)  # a database restored from a copy counts anew
    if cursor and (is_ahead or is_other_epoch or len(rows) > MOST_EVENTS):
        rows, cursor = _read(visitor, ""), ""
        now = str(rows[0][0])
    found = [_event(*row[1:]) for row in reversed(rows[:MOST_EVENTS]) if row[1] is not None]
    return Page(events=found, cursor=now, is_reset=not cursor)


def unconfirmed(visitor: ChatVisitor, last: str, *, state: str) -> list[str]:
    """Our messages up to `last` that are not yet known to be `state`: delivered or read. Newest first."""
    states = ["sent"] if state == "delivered" else ["sent", "delivered"]
    with connection.cursor() as database:
        database.execute(_UNSEEN, {**_named(visitor), "states": states, "last": last})
        return [row[0] for row in database.fetchall()]


def _read(visitor: ChatVisitor, cursor: str) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as database:
        named = {**_named(visitor), "cursor": cursor.partition(";")[0]}
        database.execute(_EVENTS.format(since=_SINCE if cursor else ""), named)
        rows: list[tuple[Any, ...]] = database.fetchall()
    return rows


def _named(visitor: ChatVisitor) -> dict[str, Any]:
    return {"account": visitor.account_id, "address": visitor.public_id, "first": FIRST_EPOCH}


def _check(cursor: str) -> str:
    """The cursor, if PostgreSQL can read it. Raises CursorError."""
    snapshot, semicolon, epoch = cursor.partition(";")
    if cursor and not (semicolon and _EPOCH_SECONDS.fullmatch(epoch)):
        raise CursorError("expected the cursor of an earlier answer")
    return cursor and check_snapshot(snapshot) and cursor


def _event(
    entry_id: int,
    message_id: str | None,
    direction: str,
    text: str,
    at: Any,
    delivery: str | None,
    detail: str | Mapping[str, Any],
) -> dict[str, Any]:
    """A message as its visitor sees it: nothing of the hub's own but who answers, by the name they go by."""
    facts: Mapping[str, Any] = json.loads(detail) if isinstance(detail, str) else detail
    is_revoked = "revoked_at" in facts
    files = [] if is_revoked or direction == "in" else _files(entry_id, facts)
    lines = [text, *(f"{file['name']}: {file['url']}" for file in files)]
    if direction == "in":  # the visitor has the files, and reads which ones arrived
        lines += [f"📎 {part.get('name') or ''}" for part in _parts(facts)]
    event: dict[str, Any] = {
        "type": "message",
        "id": message_id or "",
        "from": "visitor" if direction == "in" else "agent",
        "text": "" if is_revoked else "\n".join(filter(None, lines)),
        "at": at.isoformat(),
    }
    if files:
        event["files"] = files
    if is_revoked:
        event["revoked"] = True
    if direction == "in":
        event["client_message_id"] = str(facts.get("client_message_id", ""))
    else:
        event |= {"delivery": delivery, "agent": _agent(facts)}
    return event


def _files(entry_id: int, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Our files under links that are good for a day; the text names them too, for a widget that knows no files."""
    found = []
    for number, part in enumerate(_parts(facts)):
        file = part.get("file") if part.get("state") == "stored" else None
        if isinstance(file, Mapping):
            mime_type = str(file.get("mime_type") or "")
            link = MediaLink(entry_id, str(number), Variant.HANDED)
            url = media_url(link, ending=extension_of(mime_type), seconds=FILE_LINK_SECONDS)
            told = {"name": str(part.get("name") or ""), "mime_type": mime_type, "size": file.get("size"), "url": url}
            found.append(told)
    return found


def _parts(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    parts = facts.get("attachments")
    return [part for part in parts if isinstance(part, Mapping)] if isinstance(parts, list) else []


def _agent(facts: Mapping[str, Any]) -> str:
    """The name under which an answer goes, empty for the business itself. Never an agent's mailbox."""
    author = facts.get("by")
    name = author.get("name") if isinstance(author, Mapping) else ""
    return name[:80] if isinstance(name, str) and "@" not in name else ""
