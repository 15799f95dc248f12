"""Who is one person: `resolve` partitions channel identities by the evidence and nothing else.

The evidence is taken in a total order that never uses arrival or row ids, so any order and any duplication of it
gives the same partition. It is Kruskal's algorithm with constraints: strongest ties first, and a tie that would break
a decision or a limit is held, not taken, and reported.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from profiles.identity.evidence import (
    Aliases,
    Epochs,
    JoinKey,
    Marking,
    Node,
    Passed,
    Ruling,
    Seen,
    epoch_of,
    epochs,
)
from profiles.identity.policy import Policy
from profiles.identity.shared import Closed, SharedEpochs, shared_epochs
from profiles.identity.values import GRADE_RANK


@dataclass(frozen=True, slots=True)
class Held:
    """A tie that was not taken, and why: `different` (a human said so) or `limit:<kind>`.

    Without an identifier it is a human's own *same* or *different* that a later decision overruled.
    """

    one: Node
    other: Node
    identifier: JoinKey | None
    because: str
    grade: str = ""
    occurred_at: datetime | None = None


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
    blocks = _Blocks(everyone, policy, Aliases(rulings))
    held = _take_rulings(blocks, rulings)
    for seen in joining:
        blocks.carry(seen)
    held += _take_sightings(blocks, joining, started)
    return Partition(blocks.all(), tuple(held))


def open_sightings(
    sightings: Iterable[Seen],
    started: Epochs,
    decisions: Iterable[Ruling | Marking],
    policy: Policy,
    shared: SharedEpochs | None = None,
) -> list[Seen]:
    """The sightings that may join, in the order in which they are taken: grade and value allow it."""
    evidence = [seen for seen in earliest(sightings, started, policy) if policy.joins(seen)]
    if shared is None:
        shared = shared_epochs(evidence, started, policy)
    closed = Closed(shared, (d for d in decisions if isinstance(d, Marking)), started)
    return sorted((seen for seen in evidence if not closed(seen)), key=lambda seen: order(seen, policy))


def earliest(sightings: Iterable[Seen], started: Epochs, policy: Policy) -> Iterable[Seen]:
    """The first sighting of each identifier with each channel identity at each grade: only that one is evidence.

    Later ones say nothing new, and which of them are stored depends on the order of arrival. Where the policy says so,
    it is the first of each epoch.
    """
    first: dict[tuple[Node, JoinKey, str, datetime | None], Seen] = {}
    for seen in sightings:
        epoch = None
        if policy.each_epoch(seen.identifier[0]):
            epoch = epoch_of(started.get(seen.identifier, ()), seen.occurred_at)
        key = (seen.node, seen.identifier, seen.grade, epoch)
        if key not in first or seen.occurred_at < first[key].occurred_at:
            first[key] = seen
    return first.values()


def order(seen: Seen, policy: Policy) -> tuple[int, int, datetime, Node, JoinKey]:
    """The total order of the evidence: kind, grade, provider's time, natural keys."""
    kind = seen.identifier[0]
    return (policy.rank(kind), GRADE_RANK[seen.grade], seen.occurred_at, seen.node, seen.identifier)


def _newest_first(ruling: Ruling) -> tuple[int, bool, Node, Node]:
    """A later decision supersedes; of one operation, what keeps apart comes first; a pair has no direction."""
    return (-ruling.made, ruling.same, min(ruling.one, ruling.other), max(ruling.one, ruling.other))


class _Blocks:
    """Disjoint sets that know which blocks must stay apart and which limited values each block has."""

    def __init__(self, nodes: Iterable[Node], policy: Policy, aliases: Aliases) -> None:
        self.parent = {node: node for node in nodes}
        self.apart: dict[Node, set[Node]] = {}
        self.limited: dict[Node, dict[tuple[str, str], set[JoinKey]]] = {}
        self.policy = policy
        self.aliases = aliases

    def root(self, node: Node) -> Node:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def all(self) -> tuple[frozenset[Node], ...]:
        found: dict[Node, set[Node]] = {}
        for node in self.parent:
            found.setdefault(self.root(node), set()).add(node)
        return tuple(frozenset(found[root]) for root in sorted(found))

    def keep_apart(self, one: Node, other: Node) -> None:
        self.apart.setdefault(one, set()).add(other)
        self.apart.setdefault(other, set()).add(one)

    def carry(self, seen: Seen) -> None:
        """The block of the sighting's channel identity has its value, if values of its kind are limited."""
        kind, scope, _ = seen.identifier
        if self.policy.most(kind) is not None:
            mine = self.limited.setdefault(self.root(seen.node), {})
            mine.setdefault((kind, scope), set()).add(self.aliases.of(seen.identifier))

    def objection(self, one: Node, other: Node) -> str:
        """Why the blocks of two roots may not become one, the strongest kind first; empty when they may.

        Once there is an objection it stays, whatever else joins: so trying each tie once is enough.
        """
        if other in self.apart.get(one, ()):
            return "different"
        mine, theirs = self.limited.get(one, {}), self.limited.get(other, {})
        for key in sorted(mine.keys() & theirs.keys(), key=lambda key: self.policy.rank(key[0])):
            if len(mine[key] | theirs[key]) > (self.policy.most(key[0]) or 0):
                return f"limit:{key[0]}"
        return ""

    def unite(self, one: Node, other: Node) -> None:
        """Two roots become one block; what either must stay apart from, the block must."""
        keep, drop = min(one, other), max(one, other)
        self.parent[drop] = keep
        for foe in self.apart.pop(drop, set()):
            self.apart[foe].discard(drop)
            self.keep_apart(keep, foe)
        for key, values in self.limited.pop(drop, {}).items():
            self.limited.setdefault(keep, {}).setdefault(key, set()).update(values)


def _take_rulings(blocks: _Blocks, rulings: Sequence[Ruling]) -> list[Held]:
    """Human decisions, the latest first; limits do not bind them."""
    held = []
    for ruling in rulings:
        one, other = blocks.root(ruling.one), blocks.root(ruling.other)
        if ruling.same and other in blocks.apart.get(one, ()):
            held.append(Held(ruling.one, ruling.other, None, "different"))
        elif ruling.same and one != other:
            blocks.unite(one, other)
        elif not ruling.same and one == other:
            held.append(Held(ruling.one, ruling.other, None, "same"))
        elif not ruling.same:
            blocks.keep_apart(one, other)
    return held


def _take_sightings(blocks: _Blocks, joining: Sequence[Seen], started: Epochs) -> list[Held]:
    """Each sighting ties its channel identity to all that had the identifier in the same epoch before it.

    Trying one member of each block stands for trying every pair: the order of pairs is that of their later sighting.
    """
    held = []
    members: dict[tuple[JoinKey, datetime], list[Node]] = {}
    for seen in joining:
        epoch = epoch_of(started.get(seen.identifier, ()), seen.occurred_at)
        earlier = members.setdefault((seen.identifier, epoch), [])
        for node in earlier:
            one, other = blocks.root(node), blocks.root(seen.node)
            if one == other:
                continue
            if because := blocks.objection(one, other):
                held.append(Held(node, seen.node, seen.identifier, because, seen.grade, seen.occurred_at))
            else:
                blocks.unite(one, other)
        if not any(blocks.root(node) == blocks.root(seen.node) for node in earlier):
            earlier.append(seen.node)
    return held
