"""What work entries say, folded for one channel identity, and for a customer. Pure.

The state of a channel identity is one fact for each field that anybody ever said something of. A fact is
`{"in": entry id, "at": its time, "value": ...}`; the value None says that it was taken back, which must outlive a merge
with somebody of whom it still holds. Of two facts about one field the one said later counts: entry ids are given under
the locks of the channel identities, so their order is the order in which colleagues spoke, whatever the clocks said.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

#: {"in": entry id, "at": its time, "value": what was said}
Fact = dict[str, Any]
#: field -> fact. Tags, promises and pins have a field each: `tag KEY`, `promise ENTRY`, `pin ENTRY`.
Fields = dict[str, Fact]

ASSIGNEE, RESOLUTION, SNOOZE, PRIORITY = "assignee", "resolution", "snooze", "priority"
TAG, PROMISE, PIN = "tag ", "promise ", "pin "

PRIORITIES = range(4)
LONGEST_TAG = 50


def tag_name(text: str) -> str:
    """The tag as it is shown: composed, without space around it and with single spaces in it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def tag_key(text: str) -> str:
    """What spellings of one tag share."""
    return unicodedata.normalize("NFC", tag_name(text).casefold())


#: Type of a work entry -> the field it speaks of and the value it gives it, from its detail and its id.
_SAYS: Mapping[str, Callable[[Mapping[str, Any], int], tuple[str, Any]]] = {
    "assigned": lambda detail, _: (ASSIGNEE, detail["to"]),
    "unassigned": lambda detail, _: (ASSIGNEE, None),
    "resolved": lambda detail, _: (RESOLUTION, True),
    "reopened": lambda detail, _: (RESOLUTION, None),
    "snoozed": lambda detail, _: (SNOOZE, detail["until"]),
    "woken": lambda detail, _: (SNOOZE, None),
    "priority": lambda detail, _: (PRIORITY, detail["priority"]),
    "tagged": lambda detail, _: (TAG + tag_key(detail["tag"]), detail["tag"]),
    "untagged": lambda detail, _: (TAG + tag_key(detail["tag"]), None),
    "promised": lambda detail, entry_id: (
        f"{PROMISE}{entry_id}",
        {"on": detail["on"], "text": detail["text"], "by": detail["by"]},
    ),
    "kept": lambda detail, _: (f"{PROMISE}{detail['entry']}", None),
    "pinned": lambda detail, _: (f"{PIN}{detail['entry']}", True),
    "unpinned": lambda detail, _: (f"{PIN}{detail['entry']}", None),
}


def applied(fields: Fields, entry_id: int, at: str, detail: Mapping[str, Any]) -> Fields:
    """The fields after one more entry, written at `at`. What this release does not know changes nothing."""
    says = _SAYS.get(str(detail.get("type")))
    if says is None:
        return fields
    name, value = says(detail, entry_id)
    fact: Fact = {"in": entry_id, "at": at, "value": value}
    if name == RESOLUTION:
        fact |= _settled(fields.get(RESOLUTION), fact)
    return fields | {name: fact}


def _settled(before: Fact | None, fact: Fact) -> Fact:
    """Messages up to `settled`, the [entry id, time] of a resolve, wait for nothing any more.

    To reopen takes the last resolve back, so that whoever waited before it waits again; `last` is what was settled
    before that one.
    """
    settled = before["settled"] if before else None
    if fact["value"]:
        return {"settled": [fact["in"], fact["at"]], "last": settled}
    if before and before["value"]:
        settled = before["last"]
    return {"settled": settled, "last": None}


def newest(each: Iterable[Fields]) -> Fields:
    """The state of a customer: of every field the fact said last about any of their channel identities."""
    result: Fields = {}
    for fields in each:
        for name, fact in fields.items():
            if name not in result or fact["in"] > result[name]["in"]:
                result[name] = fact
    return result
