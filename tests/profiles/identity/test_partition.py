"""The partition in single cases, those among them that were once wrong; its laws are in `test_laws`."""

from datetime import UTC, datetime, timedelta

from profiles.identity.evidence import JoinKey, Marking, Passed, Ruling, Seen
from profiles.identity.partition import MOST_TOLD, resolve
from profiles.identity.verbs import Case
from tests.profiles.identity import naive

START = datetime(2026, 1, 1, tzinfo=UTC)
IDENTIFIERS: list[JoinKey] = [
    ("phone", "", "+16505550101"),
    ("phone", "", "+16505550102"),
    ("whatsapp_user", "p", "US.1"),
    ("email", "", "a@firma.de"),
    ("customer_id", "shop", "c1"),
    ("customer_id", "shop", "c2"),
    ("order", "shop", "o1"),
]


def test_sightings_on_either_side_of_a_boundary_do_not_join() -> None:
    phone = IDENTIFIERS[0]
    seen = [Seen((n,), phone, "proved", START + timedelta(hours=n)) for n in range(4)]
    result = resolve(seen, [Passed(phone, START + timedelta(hours=2))])
    assert result.blocks == (frozenset({(0,), (1,)}), frozenset({(2,), (3,)}))


def test_held_tie_says_why() -> None:
    user = ("whatsapp_user", "portfolio", "US.1")
    seen = [
        Seen((0,), user, "proved", START),
        Seen((1,), user, "proved", START),
        Seen((0,), ("customer_id", "shop", "c1"), "proved", START),
        Seen((1,), ("customer_id", "shop", "c2"), "proved", START),
    ]
    [held] = resolve(seen).held
    assert (held.one, held.other, held.identifier, held.because) == ((0,), (1,), user, "limit:customer_id")
    assert resolve(seen, [], [Ruling(True, (0,), (1,))]).blocks == (frozenset({(0,), (1,)}),)


def test_channel_identity_with_nothing_but_a_claim_is_a_person_too() -> None:
    claim = Seen((0,), IDENTIFIERS[0], "claimed", START)
    assert resolve([claim]).blocks == (frozenset({(0,)}),)


def test_of_two_markings_of_one_operation_the_stricter_counts_in_any_order() -> None:
    phone = IDENTIFIERS[0]
    seen = [Seen((n,), phone, "proved", START) for n in range(2)]
    markings = [Marking(phone, "normal"), Marking(phone, "generic"), Marking(phone, "blocked")]
    for order in (markings, markings[::-1]):
        assert len(resolve(seen, [], order).blocks) == 2


def test_which_side_a_ruling_names_first_is_no_matter() -> None:
    """Of one operation two *same* and a *different* cannot all hold: which one is held must not hang on spelling."""
    ties = [Ruling(True, (0,), (2,)), Ruling(True, (1,), (2,)), Ruling(False, (0,), (1,))]
    turned = [Ruling(ruling.same, ruling.other, ruling.one) for ruling in ties]
    mixed = [ties[0], turned[1], ties[2]], [turned[0], ties[1], turned[2]]
    assert {resolve([], [], each).blocks for each in (ties, turned, *mixed)} == {resolve([], [], ties).blocks}


def test_aliases_of_two_scopes_in_one_ruling_lift_the_limit_of_each() -> None:
    """As a merge of two customers writes them who have other ids in the shop and at the till."""
    ids = [[("customer_id", scope, f"K-58{n}") for n in range(2)] for scope in ("shop", "till")]
    seen = [Seen((n,), values[n], "proved", START) for values in ids for n in range(2)]
    later = [Seen((2,), ids[1][1], "proved", START), *(Seen((n,), IDENTIFIERS[3], "proved", START) for n in (0, 2))]
    aliases = frozenset(value for values in ids for value in values)
    result = resolve(seen + later, [], [Ruling(True, (0,), (1,), 1, aliases)])
    assert result.blocks == (frozenset({(0,), (1,), (2,)}),)


def test_placeholder_for_a_customer_id_makes_no_phone_shared() -> None:
    phone = IDENTIFIERS[0]
    ids = [("customer_id", "shop", value) for value in ("null", "K-5802")]
    seen = [Seen((n,), key, "proved", START) for n in range(2) for key in (phone, ids[n])]
    assert resolve(seen).blocks == (frozenset({(0,), (1,)}),)


def test_of_two_limits_the_stronger_kind_is_the_reason() -> None:
    values = [("phone", "", f"+4915127784{n}31") for n in range(6)] + [
        ("whatsapp_user", "p", f"US.{n}") for n in range(4)
    ]
    seen = [Seen((0,), value, "proved", START) for value in values]
    tie = [Seen((1,), value, "proved", START) for value in (values[0], values[6])]
    assert [held.because for held in resolve(seen + tie).held] == ["limit:whatsapp_user", "limit:whatsapp_user"]


def crowd(size: int) -> list[Seen]:
    """Customers who took turns at one browser of which nobody told when; every third has no number of the shop."""
    seen = []
    for n in range(size):
        at = START + timedelta(minutes=n)
        seen.append(Seen((n,), ("visitor", "shop", "v-8c0f"), "proved", at))
        if n % 3:
            seen.append(Seen((n,), ("customer_id", "shop", f"K-5{n - n % 2}7"), "proved", at))
        if n % 5 == 0:
            seen.append(Seen((n,), ("customer_id", "till", f"T-5{n % 25}7"), "proved", at))
    return seen


def test_crowd_at_one_browser_is_told_apart_as_if_every_pair_were_asked() -> None:
    seen = crowd(60)
    blocks, _ = naive.partition(naive.Evidence(Case(sightings=tuple(seen))))
    assert set(resolve(seen).blocks) == blocks
    assert len(blocks) > 20


def test_of_a_crowd_each_newcomer_is_told_a_few_rivals_and_how_many_there_are() -> None:
    """Reported one by one, two thousand customers at one browser would be two million held ties."""
    seen = [
        Seen((n,), key, "proved", START + timedelta(minutes=n))
        for n in range(2_000)
        for key in (("visitor", "shop", "v-8c0f"), ("customer_id", "shop", f"K-5{n}7"))
    ]
    result = resolve(seen)
    assert len(result.blocks) == 2_000
    last = [held for held in result.held if held.other == (1_999,)]
    assert [held.one for held in last] == [(n,) for n in range(1_999 - MOST_TOLD, 1_999)]
    assert {(held.because, held.rivals) for held in last} == {("limit:customer_id", 1_999)}
    assert len(result.held) < MOST_TOLD * 2_000
