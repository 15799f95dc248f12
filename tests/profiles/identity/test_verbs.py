"""Merge and unmerge do exactly what was asked and touch nobody else."""

from hypothesis import assume, given
from hypothesis import strategies as st

from profiles.identity.verbs import Case, merge, separate
from tests.profiles.identity.strategies import AGE, NODES, block_of, blocks_of, cases, law, pairs

picks = st.sets(st.sampled_from(NODES), min_size=1)


@law(150)
@given(cases(), pairs)
def test_merge_gives_exactly_the_union(case: Case, pair: tuple) -> None:
    before = blocks_of(case)
    one, other = (block_of(before, node) for node in pair)
    change = merge(case, one, other, age=AGE)
    assert blocks_of(case.after(change)) == before - {one, other} | {one | other}
    assert bool(change) == (one != other)
    assert not merge(case.after(change), one, other, age=AGE)


@law(150)
@given(cases(), st.sampled_from(NODES), picks)
def test_separate_gives_exactly_the_part_and_the_rest(case: Case, node: tuple, picked: set) -> None:
    before = blocks_of(case)
    block = max(before, key=len)
    part = block & picked
    assume(part and part != block)
    change = separate(case, block, part, age=AGE)
    assert blocks_of(case.after(change)) == before - {block} | {part, block - part}
    assert not separate(case.after(change), block, part, age=AGE)
