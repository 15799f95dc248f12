"""Which pairs look alike and which must not: a table of cases, and the laws of the rules."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.identity.alike import Held, Named, Shown, compare, keys_of, looks_of
from profiles.identity.names import is_clearly_different, is_one_slip, is_same_full_name, person_name
from profiles.identity.values import IdentifierStatus


def shown(*held: str | Held, name: str | Sequence[str] = (), user: str = "", born: str = "") -> Shown:
    """`kind value` is proved, `kind? value` a claim, `customer_id@scope value` has a scope."""
    identifiers = []
    for each in held:
        if isinstance(each, Held):
            identifiers.append(each)
            continue
        kind, _, value = each.partition(" ")
        kind, _, scope = kind.partition("@")
        identifiers.append(Held(kind.rstrip("?"), value, scope=scope, is_claim=kind.endswith("?")))
    names = [name] if isinstance(name, str) else name
    return Shown(
        names=tuple(Named(value, "profile") for value in names),
        identifiers=tuple(identifiers),
        usernames=(user,) if user else (),
        birth_dates=(born,) if born else (),
    )


def codes(one: Shown, other: Shown) -> list[str]:
    alike = compare(looks_of(one), looks_of(other))
    return [f"{fact.code} {fact.kind}" for fact in alike.facts] if alike else []


EMAIL, EMAIL_AND_NAME = ["alike email"], ["alike email", "same_name name"]
PHONE_AND_NAME = ["alike phone", "same_name name"]

RAISED = {
    "gmail ignores dots": (shown("email mira.lind@gmail.com"), shown("email miralind@gmail.com"), EMAIL),
    "a tag": (shown("email mira@lind.se"), shown("email? mira+shop@lind.se"), EMAIL),
    "the usual slip": (shown("email mira@gmail.com"), shown("email? mira@gmial.com"), EMAIL),
    "one of two addresses": (shown("email m.lind@web.de"), shown("email x@y.se", "email? m.lind@wep.de"), EMAIL),
    "a slip and the same name": (
        shown("email mira@gmail.com", name="Mira Lind"),
        shown("email? mira@gmail.con", name="Lind, Mira"),
        EMAIL_AND_NAME,
    ),
    "a slip and a short form": (
        shown("email bobby.ray@gmail.com", name="Bob Ray"),
        shown("email? bobbyray@gmail.com", name="Robert Ray"),
        EMAIL,
    ),
    "a slip although both have customer numbers": (
        shown("email mira@gmail.com", "customer_id@shop 1"),
        shown("email mira@gmail.co", "customer_id@shop 2"),
        EMAIL,
    ),
    "both only claim the address": (shown("email? a.berg@posteo.de"), shown("email? A.Berg@posteo.de"), EMAIL),
    "another provider, same name": (
        shown("email mira.lind@posteo.de", name="Mira Lind"),
        shown("email mira.lind@web.de", name="MIRA LIND"),
        EMAIL_AND_NAME,
    ),
    "another provider, same name and year": (
        shown("email mlind84@posteo.de", name="Mira Lind"),
        shown("email mlind84@web.de", name="Mira Lind"),
        EMAIL_AND_NAME,
    ),
    "one letter, same name": (
        shown("email mira.lindqvist@posteo.de", name="Mira Lindqvist"),
        shown("email? mira.lindquist@posteo.de", name="Mira Lindqvist"),
        EMAIL_AND_NAME,
    ),
    "one digit of the number, same name": (
        shown("phone +46701740611", name="Míra Lind"),
        shown("phone? +46701740617", name="Mira Lind 🌸"),
        PHONE_AND_NAME,
    ),
    "two digits changed places, same name": (
        shown("phone +46701740611", name="Mira Lind"),
        shown("phone? +46701704611", name="Dr. Mira Lind"),
        PHONE_AND_NAME,
    ),
    "no country code, same name": (
        shown("phone +46701740611", name="Mira Lind"),
        shown(Held("phone", "+0701740611", is_claim=True, status="generic"), name="Mira Lind"),
        PHONE_AND_NAME,
    ),
    "both claim the number, same name": (
        shown("phone? +46701740611", name="Mira Lind"),
        shown("phone? +46701740611", name="Lind Mira"),
        PHONE_AND_NAME,
    ),
    "same user name and name": (
        shown("phone +46701740611", name="Mira Lind", user="mira.l"),
        shown("email x@y.se", name="Mira A Lind", user="@Mira.L"),
        ["alike username", "same_name name"],
    ),
    "same birthday and name": (
        shown(name="Jörg Müller", born="1971-06-24"),
        shown(name="Joerg Mueller", born="1971-06-24T00:00:00Z"),
        ["alike birth_date", "same_name name"],
    ),
    "a birthday mistyped beside one mailbox": (
        shown("email? mira@lind.se", name="Mira Lind", born="1971-06-24"),
        shown("email? mira@lind.se", name="Mira Lind", born="1973-08-24"),
        EMAIL_AND_NAME,
    ),
    "a colleague knows the name better": (
        Shown(
            names=(Named("Zoë", "whatsapp"), Named("Mira Lind", "agent", is_by_agent=True)),
            identifiers=(Held("email", "mira@gmail.com"),),
        ),
        shown("email? mira@gmial.com", name="Mira Lind"),
        EMAIL_AND_NAME,
    ),
}

BOTH = ("phone? +4930901820", "email? familie@berg.de")
NOT_RAISED = {
    "nothing": (shown(), shown()),
    "the same name alone": (shown(name="Mira Lind"), shown(name="Mira Lind")),
    "the same first name and number in doubt": (
        shown("phone +46701740611", name="Mira"),
        shown("phone? +46701740617", name="Mira"),
    ),
    "near numbers, no names": (shown("phone +46701740611"), shown("phone? +46701740617")),
    "near numbers, other names": (
        shown("phone +46701740611", name="Mira Lind"),
        shown("phone? +46701740617", name="Nils Lind"),
    ),
    "numbers with two other digits": (
        shown("phone +46701740611", name="Mira Lind"),
        shown("phone? +46701740699", name="Mira Lind"),
    ),
    "a household on one claimed line": (shown(*BOTH, name="Anna Berg"), shown(*BOTH, name="Jonas Berg")),
    "a couple with nearly one name": (shown(*BOTH, name="Paulo Silva"), shown(*BOTH, name="Paula Silva")),
    "twins": (
        shown(*BOTH, name="Gabriel Souza", born="1990-05-05"),
        shown(*BOTH, name="Gabriela Souza", born="1990-05-05"),
    ),
    "brothers": (shown(*BOTH, name="João Silva"), shown(*BOTH, name="José Silva")),
    "father and son": (
        shown("phone? +14155550123", "email? smiths@smith.net", name="John Smith Sr."),
        shown("phone? +14155550123", "email? smiths@smith.net", name="John Smith, Jr."),
    ),
    "father and son, one of them without a word of it": (
        shown("phone? +5511987654321", name="João Silva"),
        shown("phone? +5511987654321", name="João Silva Filho"),
    ),
    "father and son by their birthdays": (
        shown("phone? +5511987654321", name="João Silva", born="1950-02-03"),
        shown("phone? +5511987654321", name="João Silva", born="1982-11-30"),
    ),
    "father and son with one mailbox, by their birthdays": (
        shown("email? joao.silva@uol.com.br", name="João Silva", born="1950-02-03"),
        shown("email? joao.silva@uol.com.br", name="João Silva", born="1982-11-30"),
    ),
    "other initials": (
        shown("phone? +14155550123", name="John A. Smith"),
        shown("phone? +14155550123", name="John B. Smith"),
    ),
    "what joins by itself: Brazil's ninth digit": (
        shown("phone +551187654321", name="João Silva"),
        shown("phone +5511987654321", name="João Silva"),
    ),
    "what is a claim review already": (
        shown("phone +46701740611", "email mira@lind.se", name="Mira Lind"),
        shown("phone? +46701740611", "email? mira@lind.se", name="Mira Lind"),
    ),
    "other customer numbers": (
        shown("email mira.lind@posteo.de", "customer_id@shop 1", name="Mira Lind"),
        shown("email mira.lind@web.de", "customer_id@shop 2", name="Mira Lind"),
    ),
    "a role mailbox": (shown("email? info@berg.de"), shown("email? info@berg.de")),
    "a shared address": (
        shown(Held("email", "berg@web.de", is_shared=True), name="Anna Berg"),
        shown(Held("email", "berg@wep.de", is_claim=True), name="Anna Berg"),
    ),
    "a generic address": (
        shown(Held("email", "berg@web.de", status=IdentifierStatus.GENERIC)),
        shown(Held("email", "berg@wep.de")),
    ),
    "a blocked number": (
        shown(Held("phone", "+46701740611", is_claim=True, status=IdentifierStatus.BLOCKED), name="Mira Lind"),
        shown("phone? +46701740611", name="Mira Lind"),
    ),
    "placeholders": (
        shown("phone? +11111111111", "email? test@test.com", name="No Name"),
        shown("phone? +11111111111", "email? test@test.com", name="No Name"),
    ),
    "a company": (
        shown("phone +49309018200", name="Berg Bau GmbH"),
        shown("phone +49309018201", name="Berg Bau GmbH"),
    ),
    "a number behind the name": (
        shown("email anna.berg1@web.de", name="Anna Berg"),
        shown("email anna.berg2@web.de", name="Anna Berg"),
    ),
    "a dot or a dash": (
        shown("email anna.berg@web.de", name="Anna Berg"),
        shown("email anna_berg@web.de", name="Anna Berg"),
    ),
    "a first name before the @": (
        shown("email anna@berg.de", name="Anna Berg"),
        shown("email anna@web.de", name="Anna Berg"),
    ),
    "a filled-in birthday": (
        shown(name="Mira Lind", born="1970-01-01"),
        shown(name="Mira Lind", born="1970-01-01"),
    ),
    "an address that imitates": (shown("email mira@gmail.com"), shown("email? m\u200bira@gmail.com")),
}


@pytest.mark.parametrize("case", RAISED)
def test_look_alike(case: str) -> None:
    one, other, expected = RAISED[case]
    assert codes(one, other) == codes(other, one) == expected
    assert not keys_of(looks_of(one)).isdisjoint(keys_of(looks_of(other)))


@pytest.mark.parametrize("case", NOT_RAISED)
def test_do_not_look_alike(case: str) -> None:
    one, other = NOT_RAISED[case]
    assert codes(one, other) == codes(other, one) == []


@pytest.mark.parametrize(
    ("one", "other", "is_same", "is_different"),
    [
        ("Mira Lind", "mira  lind", True, False),
        ("Søren Łuczak", "Soren Luczak", True, False),
        ("Straße Jörg", "Joerg Strasse", True, False),
        ("Sean O'Brien", "Sean O’Brien", True, False),
        ("Jean-Luc Godard", "Jean Luc Godard", True, False),
        ("Ｍｉｒａ Lind", "Mira Lind", True, False),
        ("Mira", "Mira", False, False),
        ("M. Lind", "Mira Lind", False, False),
        ("Maria Silva", "Ana Maria Silva", False, False),
        ("Mike Ray", "Michael Ray", False, False),
        ("Katharina Ray", "Kate Ray", False, False),
        ("Lind Mira", "Nils Lind", False, False),  # one may be written surname first
        ("Mario Rossi", "Maria Rossi", False, True),
        ("Anna Berg", "Jonas Berg", False, True),
        ("王伟", "王芳", False, True),
    ],
)
def test_names(one: str, other: str, is_same: bool, is_different: bool) -> None:
    mine, theirs = person_name(one), person_name(other)
    assert mine is not None
    assert theirs is not None
    assert is_same_full_name(mine, theirs) is is_same_full_name(theirs, mine) is is_same
    assert is_clearly_different(mine, theirs) is is_clearly_different(theirs, mine) is is_different


@pytest.mark.parametrize("text", ["", "🌸", "mira@lind.se", "+46 70 174 06 11", "Guest", "WhatsApp user", "Lind GmbH"])
def test_no_persons_name(text: str) -> None:
    assert person_name(text) is None


@pytest.mark.parametrize(
    ("local", "says_more"),
    [
        ("mira.lind", False),
        ("mlind", False),
        ("lind-m", False),
        ("mira.lind7", False),
        ("mira.lind84", True),
        ("sonnenblume", True),
    ],
)
def test_mailbox_that_is_just_the_name_waits_for_a_rare_name(local: str, says_more: bool) -> None:
    one = shown(f"email {local}@posteo.de", name="Mira Lind")
    alike = compare(looks_of(one), looks_of(shown(f"email {local}@web.de", name="Mira Lind")))
    assert alike is not None
    assert alike.name_keys == (frozenset() if says_more else {"name lind mira"})
    assert alike.name_keys <= keys_of(looks_of(one))


def test_slips() -> None:
    assert is_one_slip("1234", "1235")
    assert is_one_slip("1234", "1324")
    assert not is_one_slip("1234", "1234")
    assert not is_one_slip("1234", "4231")
    assert not is_one_slip("1234", "12345")


_WORD = st.sampled_from(
    ["Mira", "Lind", "Paulo", "Paula", "João", "Joao", "Smith", "Jr.", "Sr", "A.", "GmbH", "王伟", ",", "(", "\u200b"]
)
_NAME = st.one_of(st.lists(_WORD, min_size=1, max_size=4).map(" ".join), st.text(max_size=12))
_HELD = st.builds(
    Held,
    kind=st.sampled_from(["phone", "email", "customer_id"]),
    value=st.one_of(
        st.sampled_from(["mira.lind@gmail.com", "miralind@gmial.com", "mira.lind@web.de", "mira.lund@web.de"]),
        st.sampled_from(["+46701740611", "+46701740617", "+46701704611", "+0701740611", "1", "2"]),
        st.text(max_size=12),
    ),
    is_claim=st.booleans(),
    status=st.sampled_from(IdentifierStatus),
    is_shared=st.booleans(),
)
_SHOWN = st.builds(
    Shown,
    names=st.lists(st.builds(Named, _NAME, is_by_agent=st.booleans()), max_size=2).map(tuple),
    identifiers=st.lists(_HELD, max_size=4).map(tuple),
    usernames=st.lists(st.sampled_from(["mira", "@Mira", "x"]), max_size=1).map(tuple),
    birth_dates=st.lists(st.sampled_from(["1971-06-24", "1971-05-24", "1990-01-30", "soon"]), max_size=1).map(tuple),
)


@settings(max_examples=400)
@given(_SHOWN, _SHOWN)
def test_comparing_is_symmetric_and_a_key_finds_whoever_is_alike(one: Shown, other: Shown) -> None:
    mine, theirs = looks_of(one), looks_of(other)
    alike = compare(mine, theirs)
    assert alike == compare(theirs, mine)
    if alike:
        assert keys_of(mine) & keys_of(theirs)
        assert alike.facts[0].code == "alike"


@settings(max_examples=200)
@given(_SHOWN, _SHOWN, _HELD)
def test_what_is_shared_or_blocked_changes_nothing(one: Shown, other: Shown, held: Held) -> None:
    useless = [Held(held.kind, held.value, is_claim=True, status=IdentifierStatus.BLOCKED)]
    useless += [Held(held.kind, held.value, is_claim=True, is_shared=True)]
    more = Shown(
        names=one.names,
        identifiers=(*one.identifiers, *useless),
        usernames=one.usernames,
        birth_dates=one.birth_dates,
    )
    assert compare(looks_of(more), looks_of(other)) == compare(looks_of(one), looks_of(other))
