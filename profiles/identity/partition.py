"""Who is one person: `resolve` partitions channel identities by the evidence and nothing else.

The evidence is taken in a total order that never uses arrival or row ids, so any order and any duplication of it
gives the same partition. It is Kruskal's algorithm with constraints: strongest ties first, and a tie that would break
a decision or a limit is held, not taken, and reported.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from profiles.identity.values import GRADE_RANK, Grade, IdentifierKind

#: (account, address, standing, epoch): the natural key of a channel identity; anything sortable will do.
Node = tuple[str | int, ...]
#: (kind, scope, join_key)
JoinKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One sighting as evidence: this identifier belongs to this channel identity, at this grade, since this time."""

    node: Node
    identifier: JoinKey
    grade: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Passed:
    """One boundary as evidence: from `starts_at` on, somebody else uses the identifier."""

    identifier: JoinKey
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """One standing human decision: the two are the same person, or they are different people."""

    same: bool
    one: Node
    other: Node


@dataclass(frozen=True, slots=True)
class Held:
    """A tie that was not taken, and why: `different` (a human said so) or `limit:<kind>`."""

    one: Node
    other: Node
    identifier: JoinKey | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which kinds and grades join, in which priority, and how many values of a kind one person may have per scope."""

    version: int = 1
    priority: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType(
            {kind: rank for rank, kind in enumerate(IdentifierKind) if kind is not IdentifierKind.ORDER}
        )
    )
    joining_grades: frozenset[str] = frozenset({Grade.DECIDED, Grade.PROVED, Grade.WEAK})
    most_per_scope: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({str(IdentifierKind.CUSTOMER_ID): 1})
    )

    def joins(self, seen: Seen) -> bool:
        """Whether this sighting may tie its channel identity to others."""
        return seen.identifier[0] in self.priority and seen.grade in self.joining_grades


@dataclass(frozen=True, slots=True)
class Partition:
    """The blocks, each one person, and the ties that were held."""

    blocks: tuple[frozenset[Node], ...]
    held: tuple[Held, ...]


class _Blocks:
    """Disjoint sets that know which blocks must stay apart and which limited values each block has."""

    def __init__(self, nodes: Iterable[Node], policy: Policy) -> None:
        self.parent = {node: node for node in nodes}
        self.apart: dict[Node, set[Node]] = {}
        self.limited: dict[Node, dict[tuple[str, str], set[str]]] = {}
        self.policy = policy

    def root(self, node: Node) -> Node:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def keep_apart(self, one: Node, other: Node) -> None:
        self.apart.setdefault(one, set()).add(other)
        self.apart.setdefault(other, set()).add(one)

    def carry(self, seen: Seen) -> None:
        kind, scope, value = seen.identifier
        if kind in self.policy.most_per_scope:
            self.limited.setdefault(seen.node, {}).setdefault((kind, scope), set()).add(value)

    def objection(self, one: Node, other: Node) -> str:
        """Why the blocks of two roots may not become one; empty when they may."""
        if other in self.apart.get(one, ()):
            return "different"
        mine, theirs = self.limited.get(one, {}), self.limited.get(other, {})
        for key in mine.keys() & theirs.keys():
            if len(mine[key] | theirs[key]) > self.policy.most_per_scope[key[0]]:
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


def resolve(
    sightings: Iterable[Seen],
    boundaries: Iterable[Passed] = (),
    decisions: Iterable[Ruling] = (),
    policy: Policy | None = None,
    nodes: Iterable[Node] = (),
) -> Partition:
    """The partition that the evidence gives. `nodes` may add channel identities that have no sighting at all."""
    policy = policy or Policy()
    evidence = sorted(set(sightings), key=lambda seen: _order(seen, policy))
    rulings = sorted(set(decisions), key=lambda ruling: (ruling.one, ruling.other))
    everyone = {
        *nodes,
        *(seen.node for seen in evidence),
        *(n for ruling in rulings for n in (ruling.one, ruling.other)),
    }
    blocks = _Blocks(everyone, policy)
    held = _take_decisions(blocks, rulings)
    for seen in evidence:
        if policy.joins(seen):
            blocks_root = blocks.root(seen.node)
            blocks.carry(Seen(blocks_root, seen.identifier, seen.grade, seen.occurred_at))
    held += _take_sightings(blocks, evidence, _epochs(boundaries), policy)
    found: dict[Node, set[Node]] = {}
    for node in everyone:
        found.setdefault(blocks.root(node), set()).add(node)
    return Partition(tuple(frozenset(found[root]) for root in sorted(found)), tuple(held))


def _order(seen: Seen, policy: Policy) -> tuple[int, int, datetime, Node, JoinKey]:
    """The total order of the evidence: kind, grade, provider's time, natural keys."""
    return (
        policy.priority.get(seen.identifier[0], len(policy.priority)),
        GRADE_RANK[seen.grade],
        seen.occurred_at,
        seen.node,
        seen.identifier,
    )


def _epochs(boundaries: Iterable[Passed]) -> dict[JoinKey, Sequence[datetime]]:
    starts: dict[JoinKey, set[datetime]] = {}
    for boundary in boundaries:
        starts.setdefault(boundary.identifier, set()).add(boundary.starts_at)
    return {identifier: sorted(times) for identifier, times in starts.items()}


def _take_decisions(blocks: _Blocks, rulings: Sequence[Ruling]) -> list[Held]:
    """Every *different* is written down first, so that no *same* can pass one; limits do not bind humans."""
    held = []
    for ruling in rulings:
        if not ruling.same:
            blocks.keep_apart(ruling.one, ruling.other)
    for ruling in rulings:
        one, other = blocks.root(ruling.one), blocks.root(ruling.other)
        if not ruling.same or one == other:
            continue
        if other in blocks.apart.get(one, ()):
            held.append(Held(ruling.one, ruling.other, None, "different"))
        else:
            blocks.unite(one, other)
    return held


def _take_sightings(
    blocks: _Blocks, evidence: Sequence[Seen], epochs: Mapping[JoinKey, Sequence[datetime]], policy: Policy
) -> list[Held]:
    """Each sighting ties its channel identity to all that had the identifier in the same epoch before it.

    Trying one member of each block stands for trying every pair: the order of pairs is that of their later sighting.
    """
    held = []
    members: dict[tuple[JoinKey, int], list[Node]] = {}
    for seen in evidence:
        if not policy.joins(seen):
            continue
        epoch = sum(start <= seen.occurred_at for start in epochs.get(seen.identifier, ()))
        earlier = members.setdefault((seen.identifier, epoch), [])
        for node in earlier:
            one, other = blocks.root(node), blocks.root(seen.node)
            if one == other:
                continue
            if because := blocks.objection(one, other):
                held.append(Held(node, seen.node, seen.identifier, because))
            else:
                blocks.unite(one, other)
        if not any(blocks.root(node) == blocks.root(seen.node) for node in earlier):
            earlier.append(seen.node)
    return held
