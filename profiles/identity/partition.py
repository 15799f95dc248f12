"""Who is one person: `resolve` partitions channel identities by the evidence and nothing else.

The evidence is taken in a total order that never uses arrival or row ids, so any order and any duplication of it
gives the same partition. It is Kruskal's algorithm with constraints: strongest ties first, and a tie that would break
a decision or a limit is held, not taken, and reported.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from profiles.identity.blocks import Blocks, Holders
from profiles.identity.evidence import (
    Aliases,
    Epochs,
    JoinKey,
    Marking,
    Node,
    Passed,
    Ruling,
    Seen,
    epochs,
    place_of,
)
from profiles.identity.policy import Policy
from profiles.identity.shared import Closed, SharedEpochs, shared_epochs
from profiles.identity.values import GRADE_RANK

#: Of all whom one sighting could not join so many are reported: as many as somebody would read.
MOST_TOLD = 8


@dataclass(frozen=True, slots=True)
class Held:
    """A tie that was not taken, and why: `different` (a human said so) or `limit:<kind>`.

    Without an identifier it is a human's own *same* or *different* that a later decision overruled. `rivals` are all
    whom the sighting could not join; the latest `MOST_TOLD` of them are reported, so that a crowd costs no square.
    """

    one: Node
    other: Node
    identifier: JoinKey | None
    because: str
    grade: str = ""
    occurred_at: datetime | None = None
    rivals: int = 1


@dataclass(frozen=True, slots=True)
class Partition:
    """The blocks, each one person, and the ties that were held."""

    blocks: tuple[frozenset[Node], ...]
    held: tuple[Held, ...]


def resolve(
    sightings: Iterable[Seen],
    boundaries: Iterable[Passed] = (),
    decisions: Iterable[Ruling | Marking] = (),
    policy: Policy | None = None,
    nodes: Iterable[Node] = (),
    shared: SharedEpochs | None = None,
) -> Partition:
    """The partition that the evidence gives.

    `nodes` may add channel identities that have no sighting at all. Whoever holds only part of all evidence passes
    `shared`, which depends on the whole; else it is computed.
    """
    policy = policy or Policy()
    seen_by_all, decided = tuple(sightings), tuple(decisions)
    rulings = sorted({d for d in decided if isinstance(d, Ruling)}, key=_newest_first)
    started = epochs(boundaries)
    joining = open_sightings(seen_by_all, started, decided, policy, shared)
    everyone = {*nodes, *(s.node for s in seen_by_all), *(n for r in rulings for n in (r.one, r.other))}
    blocks = Blocks(everyone, policy)
    taken, held = _take_rulings(blocks, rulings)
    blocks.carry(joining, Aliases(taken))
    held += _take_sightings(blocks, joining, started)
    return Partition(blocks.all(), tuple(held))


def aliases_of(rulings: Iterable[Ruling]) -> Aliases:
    """The values that count as one: those of the *same* decisions that hold, and of none that a later one overruled."""
    ordered = sorted(set(rulings), key=_newest_first)
    taken, _ = _take_rulings(Blocks({node for r in ordered for node in (r.one, r.other)}, Policy()), ordered)
    return Aliases(taken)


def open_sightings(
    sightings: Iterable[Seen],
    started: Epochs,
    decisions: Iterable[Ruling | Marking],
    policy: Policy,
    shared: SharedEpochs | None = None,
) -> list[Seen]:
    """The sightings that may join, in the order in which they are taken: grade and value allow it."""
    evidence = earliest((seen for seen in sightings if policy.joins(seen)), started, policy)
    markings = [decision for decision in decisions if isinstance(decision, Marking)]
    if shared is None:
        shared = shared_epochs(evidence, started, policy, markings)
    closed = Closed(shared, markings, started)
    return sorted((seen for seen in evidence if not closed(seen)), key=_order(policy))


def earliest(sightings: Iterable[Seen], started: Epochs, policy: Policy) -> Collection[Seen]:
    """The first sighting of each identifier with each channel identity at each grade: only that one is evidence.

    Later ones say nothing new, and which of them are stored depends on the order of arrival. Where the policy says so,
    it is the first of each epoch.
    """
    first: dict[Hashable, Seen] = {}
    for seen in sightings:
        place = place_of(seen, started) if policy.each_epoch(seen.identifier[0]) else seen.identifier
        known = first.setdefault((seen.node, place, seen.grade), seen)
        if seen.occurred_at < known.occurred_at:
            first[seen.node, place, seen.grade] = seen
    return first.values()


def _order(policy: Policy) -> Callable[[Seen], tuple[int, int, datetime, Node, JoinKey]]:
    """The total order of the evidence: kind, grade, provider's time, natural keys."""
    rank = {kind: policy.rank(kind) for kind in policy.rules}
    return lambda seen: (
        rank[seen.identifier[0]],
        GRADE_RANK[seen.grade],
        seen.occurred_at,
        seen.node,
        seen.identifier,
    )


def _newest_first(ruling: Ruling) -> tuple[int, bool, Node, Node]:
    """A later decision supersedes; of one operation, what keeps apart comes first; a pair has no direction."""
    return (-ruling.made, ruling.same, min(ruling.one, ruling.other), max(ruling.one, ruling.other))


def _take_rulings(blocks: Blocks, rulings: Sequence[Ruling]) -> tuple[list[Ruling], list[Held]]:
    """Human decisions, the latest first; limits do not bind them. Returns the *same* that hold, and the overruled."""
    taken, held = [], []
    for ruling in rulings:
        one, other = blocks.root(blocks.number[ruling.one]), blocks.root(blocks.number[ruling.other])
        if ruling.same and other in blocks.apart.get(one, ()):
            held.append(Held(ruling.one, ruling.other, None, "different"))
        elif ruling.same:
            taken.append(ruling)
            if one != other:
                blocks.unite(one, other)
        elif one == other:
            held.append(Held(ruling.one, ruling.other, None, "same"))
        else:
            blocks.keep_apart(one, other)
    return taken, held


def _take_sightings(blocks: Blocks, joining: Sequence[Seen], started: Epochs) -> list[Held]:
    """Each sighting ties its channel identity to all that had the identifier in the same epoch before it.

    Trying one member of each block stands for trying every pair: the order of pairs is that of their later sighting.
    """
    held: list[Held] = []
    first: dict[Hashable, int] = {}
    crowds: dict[Hashable, Holders] = {}
    for seen in joining:
        number = blocks.number[seen.node]
        place = place_of(seen, started)
        earlier = first.setdefault(place, number)
        if earlier == number:
            continue
        if place in crowds:
            _join_crowd(blocks, seen, number, crowds[place], held)
        elif because := blocks.join(earlier, number):
            node = blocks.nodes[earlier]
            held.append(Held(node, seen.node, seen.identifier, because, seen.grade, seen.occurred_at))
            crowds[place] = Holders((each, blocks.exclusive(each)) for each in (earlier, number))
    return held


def _join_crowd(blocks: Blocks, seen: Seen, number: int, crowd: Holders, held: list[Held]) -> None:
    """Ties a channel identity to the blocks of all holders that do not object; if there are none it is one more holder.

    `held` gains the latest of those that object. Whoever is not asked does object.
    """
    everyone = len(crowd.all)
    near = crowd.may_join(blocks.exclusive(number))
    asked = {*near, *range(max(0, everyone - MOST_TOLD), everyone)}
    refused = [
        (crowd.all[place], because) for place in sorted(asked) if (because := blocks.join(crowd.all[place], number))
    ]
    rivals = len(refused) + everyone - len(asked)
    for rival, because in refused[-MOST_TOLD:]:
        node = blocks.nodes[rival]
        held.append(Held(node, seen.node, seen.identifier, because, seen.grade, seen.occurred_at, rivals))
    if rivals == everyone:
        crowd.add(number, blocks.exclusive(number))
