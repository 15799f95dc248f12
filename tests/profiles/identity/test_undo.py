"""Operations in sequence: each is exact after any others, and undoing them brings back what was."""

import random
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from profiles.identity.evidence import Marking
from profiles.identity.verbs import Block, Case, Change, merge, separate
from tests.profiles.identity.strategies import AGE, blocks_of, cases, law

steps = st.lists(
    st.tuples(st.sampled_from(["merge", "merge", "separate", "undo"]), st.integers(0, 9_999)), min_size=1, max_size=7
)


@dataclass
class Log:
    """Operations as the product stores them: a decision stands while its operation does and no standing one took it."""

    evidence: Case
    operations: list[Change] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        given_rulings = tuple(replace(ruling, made=0) for ruling in self.evidence.rulings)
        self.operations.append(Change(given_rulings, ()))

    @property
    def standing(self) -> list[Change]:
        return [each for number, each in enumerate(self.operations) if number not in self.undone]

    @property
    def case(self) -> Case:
        retracted = {ruling for operation in self.standing for ruling in operation.retracted}
        rulings = [r for operation in self.standing for r in operation.rulings if r not in retracted]
        markings = [d for d in self.evidence.decisions if isinstance(d, Marking)]
        return replace(self.evidence, decisions=(*rulings, *markings))

    def store(self, change: Change) -> None:
        """With the number of the operation: `made_next` may be that of an operation that was undone."""
        made = len(self.operations)
        self.operations.append(replace(change, rulings=tuple(replace(r, made=made) for r in change.rulings)))

    def step(self, verb: str, seed: int) -> set[Block] | None:
        """Does it; returns the blocks that there must be now, None where the verb does not say."""
        pick = random.Random(seed)
        before = blocks_of(self.case)
        blocks = sorted(before, key=sorted)
        if verb == "merge":
            one, other = pick.choice(blocks), pick.choice(blocks)
            self.store(merge(self.case, one, other, age=AGE))
            return before - {one, other} | {one | other}
        if verb == "separate":
            block = pick.choice(blocks)
            part = frozenset(pick.sample(sorted(block), pick.randint(1, len(block))))
            if part == block:
                return before
            self.store(separate(self.case, block, part, age=AGE))
            return before - {block} | {part, block - part}
        self.undone |= set(pick.sample(range(1, len(self.operations)), min(1, len(self.operations) - 1)))
        return None


@law(100)
@given(cases(), steps)
def test_each_operation_is_exact_after_any_others(case: Case, taken: list[tuple[str, int]]) -> None:
    log = Log(case)
    for verb, seed in taken:
        expected = log.step(verb, seed)
        assert expected is None or blocks_of(log.case) == expected


@law(100)
@given(cases(), steps)
def test_undoing_the_last_operation_brings_back_exactly_what_was(case: Case, taken: list[tuple[str, int]]) -> None:
    log = Log(case)
    for verb, seed in taken:
        before, many = log.case, len(log.operations)
        log.step(verb, seed)
        if len(log.operations) > many:
            log.undone.add(many)
            assert log.case == before
            log.undone.discard(many)


@law(100)
@given(cases(), steps, st.randoms(use_true_random=False))
def test_undoing_everything_in_any_order_leaves_the_evidence_alone(
    case: Case, taken: list[tuple[str, int]], shuffle: random.Random
) -> None:
    log = Log(case)
    at_first = log.case
    for verb, seed in taken:
        log.step(verb, seed)
    rest = sorted(set(range(1, len(log.operations))) - log.undone)
    shuffle.shuffle(rest)
    for number in rest:
        log.undone.add(number)
        blocks_of(log.case)
    assert log.case == at_first
