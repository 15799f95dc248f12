"""What a human does to persons: `merge` makes two of them one, `separate` makes one of them two, nobody else changes.

A verb answers with a `Change`: decisions to add and decisions to retract, all of one operation. Undoing the operation
takes the added ones back and lets the retracted ones stand again.

A decision frees or binds other ties too: what a merge lifted a limit for, and what an unmerge leaves without its only
tie. So each verb resolves what it would do and adds decisions until the outcome is exactly what the human asked for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from profiles.identity.evidence import JoinKey, Marking, Node, Passed, Ruling, Seen, epochs
from profiles.identity.partition import Partition, aliases_of, open_sightings, resolve
from profiles.identity.policy import Policy
from profiles.identity.shared import SharedEpochs

Block = frozenset[Node]
#: When each channel identity came to be; the smallest is the oldest. It stands for its block.
Age = Mapping[Node, int]


class VerbError(ValueError):
    """What was asked does not fit the persons as they are now; the message says why."""


@dataclass(frozen=True, slots=True)
class Change:
    """The decisions that one operation adds and those that it retracts; empty when there is nothing to do."""

    rulings: tuple[Ruling, ...] = ()
    retracted: tuple[Ruling, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rulings or self.retracted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that bears on what a verb does: the evidence as `resolve` takes it, with the standing decisions.

    Decisions change neither what is shared nor what is closed. So whoever holds only part of all evidence passes the
    closure of both sides over open identifiers and standing decisions, and `shared` as it is: it holds afterwards too.
    """

    sightings: tuple[Seen, ...] = ()
    boundaries: tuple[Passed, ...] = ()
    decisions: tuple[Ruling | Marking, ...] = ()
    policy: Policy = field(default_factory=Policy)
    nodes: tuple[Node, ...] = ()
    shared: SharedEpochs | None = None

    @property
    def rulings(self) -> tuple[Ruling, ...]:
        return tuple(decision for decision in self.decisions if isinstance(decision, Ruling))

    @property
    def made_next(self) -> int:
        """Later than every decision of the case. A caller that counts its own operations may use that count instead."""
        return 1 + max((decision.made for decision in self.decisions), default=0)

    def partition(self) -> Partition:
        """Who is one person now."""
        return resolve(self.sightings, self.boundaries, self.decisions, self.policy, self.nodes, self.shared)

    def after(self, change: Change) -> "Case":
        """The case once the change is stored."""
        standing = tuple(decision for decision in self.decisions if decision not in change.retracted)
        return replace(self, decisions=standing + change.rulings)


def merge(case: Case, one: Block, other: Block, *, age: Age) -> Change:
    """The two blocks are one person: a *same* between their oldest lifts the limits between them.

    Empty when they are one already. Raises VerbError when either is not a block now.
    """
    blocks = case.partition().blocks
    union = one | other
    if any(union <= block for block in blocks):
        return Change()
    if one not in blocks or other not in blocks:
        raise VerbError("expected two persons as they are now; their channel identities have changed")
    made = case.made_next
    tie = Ruling(True, _oldest(one, age), _oldest(other, age), made, _over_limit(case, union))
    retracted = tuple(ruling for ruling in case.rulings if not ruling.same and _between(ruling, one, other))
    wanted = [union, *(block for block in blocks if not block & union)]
    return _settle(case, Change((tie,), retracted), wanted, age)


def separate(case: Case, block: Block, part: Collection[Node], *, age: Age) -> Change:
    """The part is another person than the rest of the block: each is kept together and both are kept apart.

    Empty when they are apart already. Raises VerbError when the block is none now or the part is not some of it.
    """
    mine = frozenset(part)
    rest = block - mine
    if not mine or not rest or not mine < block:
        raise VerbError("expected some of the person's channel identities, not none and not all")
    blocks = case.partition().blocks
    if mine in blocks and rest in blocks:
        return Change()
    if block not in blocks:
        raise VerbError("expected a person as it is now; its channel identities have changed")
    made = case.made_next
    retracted = tuple(ruling for ruling in case.rulings if ruling.same and _between(ruling, mine, rest))
    without = case.after(Change((), retracted))
    rulings = (
        Ruling(False, _oldest(mine, age), _oldest(rest, age), made),
        *_kept_together(without, mine, age, made),
        *_kept_together(without, rest, age, made),
    )
    return _settle(case, Change(rulings, retracted), [mine, rest, *(other for other in blocks if other != block)], age)


def _kept_together(case: Case, side: Block, age: Age, made: int) -> list[Ruling]:
    """Each member tied to the oldest, so that no later evidence moves it to the other side."""
    oldest, *others = sorted(side, key=lambda node: (age[node], node))
    aliases = [_over_limit(case, side)] + [frozenset()] * len(others)
    return [Ruling(True, oldest, node, made, alike) for node, alike in zip(others, aliases, strict=False)]


def _settle(case: Case, change: Change, wanted: Collection[Block], age: Age) -> Change:
    """The change with further decisions, all of them true of the wanted blocks, until exactly those come out.

    It ends: as the latest word and of one mind what is added is taken, so no round adds what an earlier one did.
    """
    made = case.made_next
    while True:
        blocks = case.after(change).partition().blocks
        found = {node: at for at, block in enumerate(blocks) for node in block}
        more = _pulled_in(found, wanted, age, made) or _lost(found, wanted, age, made)
        if not more:
            return change
        change = replace(change, rulings=change.rulings + more)


def _pulled_in(found: Mapping[Node, int], wanted: Collection[Block], age: Age, made: int) -> tuple[Ruling, ...]:
    """A *different* between the oldest of the first and of each further wanted block that are found in one place."""
    together: dict[int, list[Node]] = {}
    for block in wanted:
        oldest = _oldest(block, age)
        together.setdefault(found[oldest], []).append(oldest)
    return tuple(Ruling(False, first, each, made) for first, *further in together.values() for each in further)


def _lost(found: Mapping[Node, int], wanted: Collection[Block], age: Age, made: int) -> tuple[Ruling, ...]:
    """A *same* between the oldest of a wanted block and that of each piece of it that is found elsewhere."""
    rulings = []
    for block in wanted:
        oldest = _oldest(block, age)
        pieces: dict[int, list[Node]] = {}
        for node in sorted(block):
            pieces.setdefault(found[node], []).append(node)
        del pieces[found[oldest]]
        rulings += [Ruling(True, oldest, _oldest(piece, age), made) for piece in pieces.values()]
    return tuple(rulings)


def _over_limit(case: Case, block: Block) -> frozenset[JoinKey]:
    """All values of each limited kind and scope of which the block has more than a person may have."""
    has: dict[tuple[str, str], set[JoinKey]] = {}
    for seen in open_sightings(case.sightings, epochs(case.boundaries), case.decisions, case.policy, case.shared):
        if seen.node in block:
            has.setdefault(seen.identifier[:2], set()).add(seen.identifier)
    aliases = aliases_of(case.rulings)
    return frozenset(
        value
        for (kind, _), values in has.items()
        if (most := case.policy.most(kind)) is not None and len({aliases.of(value) for value in values}) > most
        for value in values
    )


def _between(ruling: Ruling, one: Block, other: Block) -> bool:
    return (ruling.one in one and ruling.other in other) or (ruling.one in other and ruling.other in one)


def _oldest(block: Collection[Node], age: Age) -> Node:
    return min(block, key=lambda node: (age[node], node))
