"""Who is one person, a second time: written from the design, as plainly as possible, to be compared with the core.

All pairs are listed and sorted; blocks are a list of sets; whatever is needed is computed anew at each step.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from profiles.identity.evidence import JoinKey, Marking, Node, Ruling, Seen
from profiles.identity.verbs import Case
from profiles.identity.worth import is_worthless

GRADES = ["decided", "proved", "weak", "claimed"]
Blocks = list[set[Node]]


class Evidence:
    """All that a partition depends on."""

    def __init__(self, case: Case) -> None:
        self.sightings, self.boundaries, self.decisions = case.sightings, case.boundaries, case.decisions
        self.policy, self.nodes = case.policy, case.nodes

    @property
    def rulings(self) -> list[Ruling]:
        return [decision for decision in self.decisions if isinstance(decision, Ruling)]

    @cached_property
    def holding(self) -> list[Ruling]:
        """The *same* decisions that no later one overruled."""
        _, refused = decided([{node} for node in self.everybody()], self.rulings)
        overruled = {(one, other) for one, other, why in refused if why == "different"}
        return [ruling for ruling in self.rulings if ruling.same and (ruling.one, ruling.other) not in overruled]

    def first_sightings(self) -> list[Seen]:
        """Of an identifier with a channel identity at a grade (in an epoch) only the earliest sighting is evidence."""
        every = set(self.sightings)
        return [s for s in every if not any(self.says_the_same(s, t) and t.occurred_at < s.occurred_at for t in every)]

    def says_the_same(self, one: Seen, other: Seen) -> bool:
        alike = (one.node, one.identifier, one.grade) == (other.node, other.identifier, other.grade)
        if self.policy.rules[one.identifier[0]].each_epoch:
            return alike and self.epoch(one) == self.epoch(other)
        return alike

    def joining(self) -> list[Seen]:
        """Sightings whose kind and grade may join, in the order in which evidence is taken."""
        return sorted((seen for seen in self.first_sightings() if self.policy.joins(seen)), key=self.place)

    def place(self, seen: Seen) -> tuple[object, ...]:
        """Kind, grade, provider's time, then what never changes."""
        kinds = list(self.policy.rules)
        rank = kinds.index(seen.identifier[0])
        return (rank, GRADES.index(seen.grade), seen.occurred_at, seen.node, seen.identifier)

    def epoch(self, seen: Seen) -> datetime | None:
        """The last boundary of the identifier that is not after the sighting."""
        starts = [b.starts_at for b in self.boundaries if b.identifier == seen.identifier]
        return max((start for start in starts if start <= seen.occurred_at), default=None)

    def same_values(self, value: JoinKey) -> frozenset[JoinKey]:
        """The value with all that some merge declared to be the same customer's, unless that was overruled."""
        known = {value}
        for _ in self.holding:
            for ruling in self.holding:
                alike = {alias for alias in ruling.aliases if alias[:2] == value[:2]}
                if alike & known:
                    known |= alike
        return frozenset(known)

    def is_shared(self, seen: Seen) -> bool:
        """Customer ids of one scope, seen with the same channel identities as the value in that epoch, are too many."""
        enough = self.policy.shared_at(seen.identifier[0])
        if enough is None:
            return False
        users = {
            other.node
            for other in self.joining()
            if other.identifier == seen.identifier and self.epoch(other) == self.epoch(seen)
        }
        theirs = [s for s in self.joining() if s.identifier[0] == "customer_id" and s.node in users]
        anchors = {s.identifier for s in theirs if self.is_open(s)}
        return any(len({anchor for anchor in anchors if anchor[1] == scope}) >= enough for _, scope, _ in anchors)

    def is_open(self, seen: Seen) -> bool:
        """Whether the identifier joins: a human says so, else its form and its anchors do not forbid."""
        marks = [d for d in self.decisions if isinstance(d, Marking) and d.identifier == seen.identifier]
        if marks:
            newest = max(mark.made for mark in marks)
            return all(mark.status == "normal" for mark in marks if mark.made == newest)
        return not is_worthless(seen.identifier[0], seen.identifier[2]) and not self.is_shared(seen)

    def everybody(self) -> set[Node]:
        return set(self.nodes) | {s.node for s in self.sightings} | {n for r in self.rulings for n in (r.one, r.other)}


@dataclass(frozen=True)
class Edge:
    """Two channel identities that had the same identifier in the same epoch."""

    earlier: Seen
    later: Seen


def edges(evidence: Evidence, joining: list[Seen]) -> list[Edge]:
    """Every pair, by the place of its later sighting and then of its earlier one."""
    return [
        Edge(earlier, later)
        for at, later in enumerate(joining)
        for earlier in joining[:at]
        if earlier.identifier == later.identifier and evidence.epoch(earlier) == evidence.epoch(later)
    ]


def partition(evidence: Evidence) -> tuple[set[frozenset[Node]], dict[frozenset[frozenset[Node]], str]]:
    """The blocks, and for each pair of them that some tie would have joined the first reason why it could not."""
    blocks: Blocks = [{node} for node in evidence.everybody()]
    apart, refused = decided(blocks, evidence.rulings)
    joining = [seen for seen in evidence.joining() if evidence.is_open(seen)]
    for edge in edges(evidence, joining):
        one, other = block_of(blocks, edge.earlier.node), block_of(blocks, edge.later.node)
        if one is other:
            continue
        if why := objection(evidence, joining, apart, one, other):
            refused.append((edge.earlier.node, edge.later.node, why))
        else:
            unite(blocks, one, other)
    final = {node: frozenset(block) for block in blocks for node in block}
    reasons: dict[frozenset[frozenset[Node]], str] = {}
    for a, b, why in refused:
        reasons.setdefault(frozenset((final[a], final[b])), why)
    return set(final.values()), reasons


def decided(blocks: Blocks, rulings: list[Ruling]) -> tuple[list[frozenset[Node]], list[tuple[Node, Node, str]]]:
    """Human decisions taken: the pairs to keep apart, and the decisions that a later one overruled."""
    apart: list[frozenset[Node]] = []
    refused: list[tuple[Node, Node, str]] = []
    for ruling in newest_first(rulings):
        one, other = block_of(blocks, ruling.one), block_of(blocks, ruling.other)
        if ruling.same and one is other:
            continue
        if ruling.same and stand_apart(one, other, apart):
            refused.append((ruling.one, ruling.other, "different"))
        elif ruling.same:
            unite(blocks, one, other)
        elif one is other:
            refused.append((ruling.one, ruling.other, "same"))
        else:
            apart.append(frozenset((ruling.one, ruling.other)))
    return apart, refused


def newest_first(rulings: Iterable[Ruling]) -> list[Ruling]:
    """A later decision supersedes; of one operation, what keeps apart comes first."""
    return sorted(rulings, key=lambda r: (-r.made, r.same, sorted((r.one, r.other))))


def objection(
    evidence: Evidence, joining: list[Seen], apart: list[frozenset[Node]], one: set[Node], other: set[Node]
) -> str:
    """Why two blocks may not become one; empty when they may."""
    if stand_apart(one, other, apart):
        return "different"
    for kind in evidence.policy.rules:
        most = evidence.policy.most(kind)
        for scope in {seen.identifier[1] for seen in joining if seen.identifier[0] == kind}:
            ours, theirs = (
                {
                    evidence.same_values(s.identifier)
                    for s in joining
                    if s.identifier[:2] == (kind, scope) and s.node in side
                }
                for side in (one, other)
            )
            if most is not None and ours and theirs and len(ours | theirs) > most:
                return f"limit:{kind}"
    return ""


def stand_apart(one: set[Node], other: set[Node], apart: list[frozenset[Node]]) -> bool:
    return any(pair & one and pair & other for pair in apart)


def block_of(blocks: Blocks, node: Node) -> set[Node]:
    return next(block for block in blocks if node in block)


def unite(blocks: Blocks, one: set[Node], other: set[Node]) -> None:
    if one is not other:
        blocks.remove(other)
        one |= other
