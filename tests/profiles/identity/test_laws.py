"""The core against the naive second implementation."""

from hypothesis import given

from profiles.identity.verbs import Case
from tests.profiles.identity import naive
from tests.profiles.identity.strategies import block_of, cases, law


def held(case: Case) -> dict[frozenset[frozenset[object]], str]:
    """The first reason for which each pair of final blocks stayed two."""
    result = case.partition()
    reasons: dict[frozenset[frozenset[object]], str] = {}
    for tie in result.held:
        pair = frozenset((block_of(result.blocks, tie.one), block_of(result.blocks, tie.other)))
        reasons.setdefault(pair, tie.because)
    return reasons


@law(300)
@given(cases())
def test_core_and_naive_implementation_agree(case: Case) -> None:
    blocks, reasons = naive.partition(naive.Evidence(case))
    assert set(case.partition().blocks) == blocks
    assert held(case) == reasons
