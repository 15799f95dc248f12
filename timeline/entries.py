"""What stands on a timeline, as plain values; and how later events change it.

`shown` is a pure function of an entry's first content and its amendments, so their order of arrival does not matter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EntryKind(StrEnum):
    MESSAGE = "message"
    PAGE_VIEW = "page_view"
    ORDER = "order"
    PAYMENT = "payment"
    CUSTOM = "custom"
    NOTE = "note"
    SURVEY = "survey"
    WORK = "work"
    IDENTITY = "identity"
    CONSENT = "consent"
    SYSTEM = "system"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    NONE = "none"


class Delivery(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"


class SetAside(StrEnum):
    """Why a message that came in waits for no answer; it stays in the record."""

    NOT = ""
    SPAM = "spam"  # by a verdict or a colleague; it does not bring the customer to the top either
    AUTOMATIC = "automatic"  # an out-of-office note, a bounce, a mailing list
    KEYWORD = "keyword"  # STOP or START: it was done


class AmendmentKind(StrEnum):
    """What can happen to an entry after it was written."""

    EDIT = "edit"
    REVOKE = "revoke"
    REACTION = "reaction"
    STATUS = "status"
    MEDIA = "media"
    PART = "part"  # of a text that comes in several


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One amendment as `shown` needs it. `key` is the provider's id of the event and breaks ties of `occurred_at`."""

    kind: AmendmentKind
    key: str
    occurred_at: datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry as the agent sees it now."""

    text: str
    delivery: Delivery | None
    detail: dict[str, Any]


#: What stands in a text for parts that have not come.
GAP = "…"

_RANK = {Delivery.QUEUED: 0, Delivery.SENT: 1, Delivery.DELIVERED: 2, Delivery.READ: 3}


def delivery_of(reported: Iterable[Delivery], first: Delivery | None = None) -> Delivery | None:
    """The furthest state reached; `failed` only while nothing beyond `sent` was reported, and then for good.

    A late `sent` does not revive a failed message and a late `failed` does not undo a read one.
    """
    states = set(reported) | ({first} if first else set())
    if not states:
        return None
    furthest = max((s for s in states if s in _RANK), key=_RANK.__getitem__, default=None)
    if Delivery.FAILED in states and (furthest is None or _RANK[furthest] <= _RANK[Delivery.SENT]):
        return Delivery.FAILED
    return furthest or Delivery.UNKNOWN


def shown(text: str, detail: Mapping[str, Any], delivery: Delivery | None, changes: Iterable[Change]) -> Shown:
    """The entry after all `changes`; its first text and each replaced one stay in `detail["edits"]`."""
    ordered = sorted(changes, key=lambda change: (change.occurred_at, change.key))
    result = dict(detail)
    statuses = [change for change in ordered if change.kind is AmendmentKind.STATUS]
    if statuses:
        result |= _status_detail(statuses)
    text = _join_parts(result, text, ordered)
    for change in ordered:
        if change.kind is AmendmentKind.EDIT:
            text = _apply_edit(result, text, change)
    if reactions := _reactions(ordered):
        result["reactions"] = reactions
    _tell_media(result, ordered)
    revokes = [change for change in ordered if change.kind is AmendmentKind.REVOKE]
    if revokes:
        result["revoked_at"] = revokes[0].occurred_at.isoformat()
    reported = [Delivery(change.detail["delivery"]) for change in statuses]
    return Shown(text=text, delivery=delivery_of(reported, delivery), detail=result)


def _apply_edit(result: dict[str, Any], text: str, change: Change) -> str:
    """The new text; `result` gains the edit's own fields and the text it replaced."""
    edits = [*result.get("edits", []), {"at": change.occurred_at.isoformat(), "previous_text": text}]
    result |= dict(change.detail.get("detail", {}))
    result["edits"] = edits
    return str(change.detail.get("text", ""))


def _join_parts(result: dict[str, Any], text: str, ordered: Iterable[Change]) -> str:
    """The text of every part that came, in its place; `detail["part"]["came"]` says which. A gap is shown as one."""
    later = {int(c.detail["number"]): str(c.detail["text"]) for c in ordered if c.kind is AmendmentKind.PART}
    first = result.get("part")
    if not later or not isinstance(first, dict):
        return text
    texts = later | {int(first["number"]): text}
    result["part"] = {**first, "came": sorted(texts)}
    shown_text = ""
    for number in sorted(texts):
        has_gap = number > 1 and number - 1 not in texts
        shown_text += f" {GAP} {texts[number]}" if has_gap else texts[number]
    return shown_text.removeprefix(" ") if 1 not in texts else shown_text


def _reactions(ordered: Iterable[Change]) -> list[dict[str, str]]:
    """The last reaction of each sender that was not taken back; one sender has one reaction at a time."""
    latest: dict[str, dict[str, str]] = {}
    for change in ordered:
        if change.kind is AmendmentKind.REACTION:
            sender = str(change.detail.get("from", ""))
            latest.pop(sender, None)
            if emoji := str(change.detail.get("emoji", "")):
                latest[sender] = {"emoji": emoji, "from": sender, "at": change.occurred_at.isoformat()}
    return list(latest.values())


def reference_of(attachment: Mapping[str, Any]) -> str:
    """What names an attachment within its message: the provider's media id, its link, or its place in the envelope."""
    named = attachment.get("provider_media_id") or attachment.get("link")
    return str(named) if named else f"part:{attachment['part']}" if "part" in attachment else ""


def _tell_media(result: dict[str, Any], ordered: Iterable[Change]) -> None:
    """What became of each attachment's content, whatever edit brought it: stored for good, else the last word."""
    told: dict[str, dict[str, Any]] = {}
    for change in ordered:
        if change.kind is AmendmentKind.MEDIA:
            facts = {key: value for key, value in change.detail.items() if key != "attachment"}
            reference = str(change.detail.get("attachment", ""))
            if told.get(reference, {}).get("state") != "stored":
                told[reference] = facts
    if not told:
        return
    attachments = result.get("attachments")
    if isinstance(attachments, list):
        result["attachments"] = [_with_media(part, told) for part in attachments]
    if isinstance(result.get("html"), dict):
        result["html"] = _with_media(result["html"], told)


def _with_media(part: Any, told: Mapping[str, dict[str, Any]]) -> Any:
    return {**part, **told.get(reference_of(part), {})} if isinstance(part, dict) else part


def _status_detail(statuses: Iterable[Change]) -> dict[str, Any]:
    """Each state with the time it was first reported for, and the provider's reason for a failure."""
    times: dict[str, str] = {}
    extra: dict[str, Any] = {}
    for change in statuses:
        times.setdefault(str(change.detail["status"]), change.occurred_at.isoformat())
        if errors := change.detail.get("errors"):
            extra["errors"] = errors
    return {"delivery_times": times, **extra}
