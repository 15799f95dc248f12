"""Which identifiers several people share: a family's phone, an office's mailbox. Shared ones stop joining.

A value is shared when its anchors say so. An anchor is a customer id of one scope that was seen with the same channel
identity as the value; what joins and merges made of it does not count, or one wrong join would prove itself. A number
that was passed on is not shared: its anchors are counted within each epoch.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from profiles.identity.evidence import FIRST_EPOCH, Epochs, JoinKey, Marking, Node, Seen, epoch_of, place_of
from profiles.identity.policy import Policy
from profiles.identity.values import IdentifierKind, IdentifierStatus
from profiles.identity.worth import is_worthless

#: The starts of the epochs in which each identifier is shared by its anchors; others are absent.
SharedEpochs = Mapping[JoinKey, frozenset[datetime]]

#: The laxest first.
_STRICTNESS = tuple(IdentifierStatus)


def shared_epochs(
    sightings: Iterable[Seen], epochs: Epochs, policy: Policy, markings: Iterable[Marking] = ()
) -> SharedEpochs:
    """The epochs of identifiers whose anchors reach the policy's number.

    A closed customer id is no anchor: what a shop gives to nobody in particular, or a human said is nobody's or
    everybody's, is no second customer.
    """
    words = _words(markings)
    owners: dict[Node, set[JoinKey]] = {}
    users: dict[JoinKey | tuple[JoinKey, datetime], set[Node]] = {}
    for seen in sightings:
        kind, _, value = seen.identifier
        if kind == IdentifierKind.CUSTOMER_ID:
            if policy.joins(seen) and not words.get(seen.identifier, is_worthless(kind, value)):
                owners.setdefault(seen.node, set()).add(seen.identifier)
        elif policy.shared_at(kind) is not None and policy.joins(seen):
            users.setdefault(place_of(seen, epochs), set()).add(seen.node)
    shared: dict[JoinKey, set[datetime]] = {}
    for place, nodes in users.items() if owners else ():
        anchors = set().union(*(owners.get(node, ()) for node in nodes))
        identifier, epoch = (place[0], place[1]) if len(place) == 2 else (place, FIRST_EPOCH)
        if anchors and is_shared(identifier[0], anchors, policy):
            shared.setdefault(identifier, set()).add(epoch)
    return {identifier: frozenset(starts) for identifier, starts in shared.items()}


def is_shared(kind: str, anchors: Iterable[JoinKey], policy: Policy) -> bool:
    """Whether that many anchors of one scope make a value of this kind a shared one."""
    most = policy.shared_at(kind)
    by_scope: dict[str, set[JoinKey]] = {}
    for anchor in anchors:
        by_scope.setdefault(anchor[1], set()).add(anchor)
    return most is not None and any(len(values) >= most for values in by_scope.values())


class Closed:
    """Says which identifiers join nobody: by a human's word, else by their form, else by their anchors."""

    def __init__(self, shared: SharedEpochs, markings: Iterable[Marking], epochs: Epochs) -> None:
        self._shared = shared
        self._epochs = epochs
        self._marked = _words(markings)
        self._words = dict(self._marked)

    def __call__(self, seen: Seen) -> bool:
        identifier = seen.identifier
        word = self._words.get(identifier)
        if word is None:
            word = self._words[identifier] = is_worthless(identifier[0], identifier[2])
        if word or identifier not in self._shared or identifier in self._marked:
            return word
        return epoch_of(self._epochs.get(identifier, ()), seen.occurred_at) in self._shared[identifier]


def _words(markings: Iterable[Marking]) -> dict[JoinKey, bool]:
    """The identifiers that humans spoke about, and whether they closed them."""
    latest = {m.identifier: m.status for m in sorted(markings, key=_latest_last)}
    return {identifier: status != IdentifierStatus.NORMAL for identifier, status in latest.items()}


def _latest_last(marking: Marking) -> tuple[int, int]:
    """A later marking supersedes; of one operation, the stricter."""
    return (marking.made, _STRICTNESS.index(marking.status))
