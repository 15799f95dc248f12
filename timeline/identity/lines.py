"""Joins and separations on the timeline, in sentences: who, with whom, by whose word, and whether it can be undone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from profiles.models import ChannelIdentity, Operation, Profile
from profiles.wording import verb_words
from timeline.entries import EntryKind
from timeline.models import Entry
from timeline.pages.panel import name_of
from timeline.showing.dates import written
from timeline.showing.wording import channel_of, identifier_words, isolated, shown_address


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """One line. `other` is the other customer's id, `operation` one that still stands and can be undone."""

    icon: str
    title: str
    note: str = ""
    reason: str = ""
    other: int | None = None
    operation: int | None = None
    is_undo: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """What the lines of one page name, read at once."""

    names: Mapping[int, str]
    operations: Mapping[int, Operation]
    owners: Mapping[int, int]


def identity_lines(entries: Iterable[Entry], profile_id: int) -> dict[int, IdentityLine | None]:
    """The line of each entry about identity as this customer's timeline says it; None for one that its twin says."""
    about = [entry for entry in entries if entry.kind == EntryKind.IDENTITY]
    if not about:
        return {}
    known = _known(about)
    return {entry.pk: _line(entry, profile_id, known) for entry in about}


def _known(entries: Sequence[Entry]) -> _Known:
    details = [entry.detail for entry in entries]
    people = {_number(detail, name) for detail in details for name in ("from_profile", "to_profile")}
    members = {_first_of(detail) for detail in details} | {_number(detail, "to_identity") for detail in details}
    operations = {_number(detail, "operation") for detail in details}
    return _Known(
        names=dict(Profile.objects.filter(id__in=people - {0}).values_list("id", "display_name")),
        operations=Operation.objects.in_bulk(list(operations - {0})),
        owners=dict(ChannelIdentity.objects.filter(id__in=members - {0}).values_list("id", "profile_id")),
    )


def _line(entry: Entry, profile_id: int, known: _Known) -> IdentityLine | None:
    detail = entry.detail
    if detail.get("type") == "rehomed":
        return _rehomed(entry, profile_id, known)
    if detail.get("is_mirror") and known.owners.get(_first_of(detail)) == profile_id:
        return None
    source, target = _number(detail, "from_profile"), _number(detail, "to_profile")
    other = source if target == profile_id else target
    operation = known.operations.get(_number(detail, "operation"))
    is_separated = detail.get("type") == "separated"
    return IdentityLine(
        icon="unlink" if is_separated else "git-merge",
        title=_title(entry, name_of(known.names.get(other, "")) if other else ""),
        note=_note(detail, operation),
        reason=operation.reason if operation else "",
        other=other if other != profile_id and other in known.names else None,
        operation=operation.pk if operation and operation.is_standing else None,
        is_undo=bool(operation and operation.verb == Operation.Verb.UNDO),
    )


def _title(entry: Entry, other: str) -> str:
    is_separated, is_undo = entry.detail.get("type") == "separated", entry.detail.get("verb") == "undo"
    if not other:
        facts = {"address": _address(entry)}
        if is_separated:
            return _("%(address)s was separated from another customer") % facts
        return _("%(address)s belongs to this customer") % facts
    if is_undo:
        said = _("Separated from %(name)s again") if is_separated else _("Joined with %(name)s again")
    elif is_separated:
        said = _("Separated from %(name)s")
    else:
        if entry.detail.get("verb") == Operation.Verb.ADD:
            return _("%(address)s was written down for this customer") % {"address": _address(entry)}
        said = _("Merged with %(name)s") if entry.detail.get("verb") else _("Joined with %(name)s")
    return said % {"name": isolated(other)}


def _note(detail: Mapping[str, Any], operation: Operation | None) -> str:
    """By whom, and why: the identifiers, or what was corrected."""
    because = detail.get("because")
    parts = [part for part in because if isinstance(part, dict)] if isinstance(because, list) else []
    reasons = [identifier_words(str(part.get("kind", "")), str(part.get("value", ""))) for part in parts]
    matched = _("matched by %(reasons)s") % {"reasons": ", ".join(reasons)} if reasons else ""
    if operation is None:
        return matched
    by = _("by %(name)s") % {"name": detail.get("by") or operation.actor_id}
    if operation.verb in (Operation.Verb.SPLIT, Operation.Verb.MARK, Operation.Verb.WITHDRAW):
        by = f"{verb_words(operation.verb, operation.detail)}, {by}"
    return by


def _rehomed(entry: Entry, profile_id: int, known: _Known) -> IdentityLine | None:
    """Messages that went to another person's epoch; said once where both are this customer's."""
    detail = entry.detail
    is_arrival = entry.channel_identity_id == _number(detail, "to_identity")
    if not is_arrival and known.owners.get(_number(detail, "to_identity")) == profile_id:
        return None
    n = _number(detail, "entries")
    if is_arrival:
        title = ngettext(
            "%(n)d entry came here from another customer", "%(n)d entries came here from another customer", n
        )
    else:
        title = ngettext("%(n)d entry went to another customer", "%(n)d entries went to another customer", n)
    since = parse_datetime(str(detail.get("since", "")))
    facts = {"address": _address(entry), "when": written(since, "date, time") if since else ""}
    note = _("who writes from %(address)s changed at %(when)s") % facts if since else ""
    operation = known.operations.get(_number(detail, "operation"))
    return IdentityLine(
        icon="calendar-clock",
        title=title % {"n": n},
        note=", ".join(filter(None, (note, _note(detail, operation)))),
        reason=operation.reason if operation else "",
        operation=operation.pk if operation and operation.is_standing else None,
        is_undo=bool(operation and operation.verb == Operation.Verb.UNDO),
    )


def _address(entry: Entry) -> str:
    channel = entry.account.channel
    return f"{channel_of(channel)[1]} {shown_address(channel, entry.channel_identity.address)}"


def _first_of(detail: Mapping[str, Any]) -> int:
    moved = detail.get("channel_identities")
    return moved[0] if isinstance(moved, list) and moved and isinstance(moved[0], int) else 0


def _number(detail: Mapping[str, Any], name: str) -> int:
    value = detail.get(name)
    return value if isinstance(value, int) else 0
