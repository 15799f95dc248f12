"""The single keys of the agents' pages: what each does, and what a member of staff made of them.

A control declares its key with `data-key`, or `app.js` knows it; here they have words, for the list behind `?` and for
the page on which they are changed. Keys are named as the browser names them: `J` is Shift and j, `g i` one after the
other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy


@dataclass(frozen=True, slots=True)
class Command:
    """What a key does."""

    key: str
    words: str | Promise


@dataclass(frozen=True, slots=True)
class Group:
    """Where keys work."""

    name: str | Promise
    commands: tuple[Command, ...]


GROUPS = (
    Group(
        _lazy("Anywhere"),
        (
            Command("/", _lazy("Search customers and messages")),
            Command("+", _lazy("New conversation")),
            Command("g i", _lazy("Inbox")),
            Command("g w", _lazy("Waiting")),
            Command("g m", _lazy("Merges: who may be the same person")),
            Command("g s", _lazy("Settings")),
            Command("[", _lazy("Queue: there, or away")),
            Command("]", _lazy("Customer details: there, or away")),
            Command("z", _lazy("Undo what the message at the bottom says")),
            Command("?", _lazy("This list")),
        ),
    ),
    Group(
        _lazy("Queue and timeline"),
        (
            Command("j", _lazy("Next: customer, or message when you are in the timeline")),
            Command("k", _lazy("Previous: customer, or message when you are in the timeline")),
            Command("J", _lazy("Open the next customer")),
            Command("K", _lazy("Open the previous customer")),
            Command("x", _lazy("Choose this customer, to do something with several")),
            Command("F", _lazy("Order and filters of the queue")),
            Command("G", _lazy("To the latest message")),
            Command("u", _lazy("Next customer with something new")),
            Command("U", _lazy("Unread from the message in focus")),
            Command(".", _lazy("Menu of the message")),
            Command("y", _lazy("Copy the link to the message")),
            Command("f", _lazy("Search inside this customer")),
        ),
    ),
    Group(
        _lazy("The open customer"),
        (
            Command("r", _lazy("Reply")),
            Command("n", _lazy("Write a note")),
            Command("c", _lazy("Choose the channel")),
            Command("a", _lazy("Assign to me")),
            Command("A", _lazy("Assign to a colleague")),
            Command("t", _lazy("Tags")),
            Command("p", _lazy("Priority; on a message: pin it to the top, or unpin it")),
            Command("s", _lazy("Snooze")),
            Command("e", _lazy("Resolve and open the next")),
            Command("E", _lazy("Resolve and stay")),
            Command("o", _lazy("Promise something by a day")),
        ),
    ),
    Group(
        _lazy("Comparing two customers"),
        (
            Command("m", _lazy("Merge")),
            Command("d", _lazy("Different people")),
            Command("l", _lazy("Later")),
            Command("v", _lazy("Both timelines side by side")),
        ),
    ),
)

#: Keys that no command can have: the first half of two in a row, and the digits of the address chips.
_TAKEN = frozenset("g0123456789")


class KeyConflictError(ValueError):
    """The keys cannot be so; the message says why, for who chose them."""


def commands() -> Iterator[Command]:
    """Every command that can have another key."""
    for group in GROUPS:
        yield from group.commands


def checked(chosen: Mapping[str, str]) -> dict[str, str]:
    """The keys that differ from ours, by ours. Raises KeyConflictError."""
    ours = {command.key: command.words for command in commands()}
    wanted = {key: (chosen.get(key) or key).strip() or key for key in ours}
    by: dict[str, str] = {}
    for key, new in wanted.items():
        facts = {"key": new, "what": ours[key]}
        if not _is_key(new):
            raise KeyConflictError(
                _("“%(key)s” for “%(what)s” is no key: choose one character, or g and one behind it.") % facts
            )
        if new in by:
            raise KeyConflictError(
                _("“%(key)s” would do two things: “%(what)s” and “%(other)s”.") % {**facts, "other": ours[by[new]]}
            )
        by[new] = key
    return {key: new for key, new in wanted.items() if new != key}


def _is_key(text: str) -> bool:
    first, space, second = text.partition(" ")
    if space:
        return first == "g" and len(second) == 1 and second.isprintable() and not second.isspace()
    return len(text) == 1 and text.isprintable() and text not in _TAKEN


def meaning_of(changed: Mapping[str, str]) -> dict[str, str]:
    """What a pressed key means, by ours, where that is not its own; empty for one that was given away."""
    meant = {new: key for key, new in changed.items()}
    return {**{key: "" for key in changed if key not in meant}, **meant}
