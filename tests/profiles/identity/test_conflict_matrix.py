"""The cases in which identity goes wrong elsewhere, one a row: what was seen, who is one person, what was held.

In `people` a bar stands between persons. In `held` are the ties that were not taken, each with its reason.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from profiles.identity.canonical import canonical
from profiles.identity.evidence import JoinKey, Marking, Passed, Ruling, Seen
from profiles.identity.partition import resolve
from profiles.identity.values import IdentifierKind

START = datetime(2026, 1, 1, tzinfo=UTC)
PHONE, OTHER_PHONE = "phone:+4915127784031", "phone:+4915127784992"
MAIL = "email:mira@lindhaus.de"


def key(spelled: str) -> JoinKey:
    """`kind:value` or `kind@scope:value`, as the API spells identifiers, in its canonical form."""
    kind, scope, value = re.fullmatch(r"(\w+)(?:@(\w+))?:(.+)", spelled).groups(default="")
    return (kind, scope, canonical(IdentifierKind(kind), value)[1])


def saw(who: str, *identifiers: str, hour: int = 0, grade: str = "proved") -> list[Seen]:
    return [Seen((who,), key(each), grade, START + timedelta(hours=hour)) for each in identifiers]


def passed(identifier: str, hour: int) -> Passed:
    return Passed(key(identifier), START + timedelta(hours=hour))


def same(one: str, other: str, made: int = 1, aliases: str = "") -> Ruling:
    return Ruling(True, (one,), (other,), made, frozenset(key(each) for each in aliases.split()))


def different(one: str, other: str, made: int = 1) -> Ruling:
    return Ruling(False, (one,), (other,), made)


@dataclass(frozen=True)
class Row:
    name: str
    seen: list[list[Seen]]
    people: str
    held: dict[str, str] = field(default_factory=dict)
    passed: list[Passed] = field(default_factory=list)
    decided: list[Ruling | Marking] = field(default_factory=list)


def many(kind: str, number: int) -> list[list[Seen]]:
    """So many channel identities of one customer, each with another value."""
    return [saw(f"c{n}", "customer_id@shop:K-5802", kind.format(n), hour=n) for n in range(number)]


CUSTOMERS = [
    Row(
        "same phone, different verified ids: the phone is shared and ties neither",
        [saw("wa", PHONE, "customer_id@shop:K-5802"), saw("sms", PHONE, "customer_id@shop:K-5812", hour=1)],
        "wa | sms",
    ),
    Row(
        "same phone, ids of two sources: one customer who is known to both",
        [saw("wa", PHONE, "customer_id@shop:K-5802"), saw("sms", PHONE, "customer_id@till:99", hour=1)],
        "wa sms",
    ),
    Row(
        "same e-mail, different external id",
        [saw("shop1", MAIL, "customer_id@shop:K-5802"), saw("shop2", MAIL, "customer_id@shop:K-5812")],
        "shop1 | shop2",
    ),
    Row(
        "same WhatsApp user, different external id: never shared, so the tie is held",
        [
            saw("wa", "whatsapp_user@p:DE.771", "customer_id@shop:K-5802"),
            saw("shop", "whatsapp_user@p:DE.771", "customer_id@shop:K-5812", hour=1),
        ],
        "wa | shop",
        {"wa shop": "limit:customer_id"},
    ),
    Row(
        "identifier set later: two persons until the account has the phone",
        [
            saw("wa", PHONE),
            saw("shop", "customer_id@shop:K-5802", hour=1),
            saw("shop", PHONE, hour=9),
        ],
        "wa shop",
    ),
    Row(
        "identifier set later to another customer's: the account keeps to itself",
        [
            saw("wa", PHONE, "customer_id@shop:K-5802"),
            saw("shop", "customer_id@shop:K-5812", hour=1),
            saw("shop", PHONE, hour=9),
        ],
        "wa | shop",
    ),
    Row(
        "two ids of one source on one channel identity: a conflict on it, which joins no third",
        [
            saw("kiosk", "customer_id@shop:K-5802", "customer_id@shop:K-5812"),
            saw("wa", "customer_id@shop:K-5802", hour=1),
        ],
        "kiosk | wa",
        {"kiosk wa": "limit:customer_id"},
    ),
    Row(
        "placeholder where a customer id should be: joins nobody, makes nothing shared",
        [
            saw("wa", PHONE, "customer_id@shop:null"),
            saw("sms", PHONE, "customer_id@shop:K-5802"),
            saw("x", "customer_id@shop:null"),
        ],
        "wa sms | x",
    ),
]

BROWSER = [
    Row(
        "anonymous chat, then login: the chat before the login is the customer's too",
        [
            saw("chat", "visitor@site:v-8c1"),
            saw("chat", "customer_id@shop:K-5802", hour=1),
            saw("account", "customer_id@shop:K-5802", hour=2),
        ],
        "chat account",
    ),
    Row(
        "another login in the same browser: the visitor's boundary parts what was before and after",
        [
            saw("chat", "visitor@site:v-8c1", "customer_id@shop:K-5802"),
            saw("views", "visitor@site:v-8c1", hour=2),
            saw("chat2", "visitor@site:v-8c1", "customer_id@shop:K-5812", hour=5),
            saw("views2", "visitor@site:v-8c1", hour=6),
        ],
        "chat views | chat2 views2",
        passed=[passed("visitor@site:v-8c1", 5)],
    ),
    Row(
        "another login of which no boundary is known yet: held, and what follows is the first customer's",
        [
            saw("chat", "visitor@site:v-8c1", "customer_id@shop:K-5802"),
            saw("chat2", "visitor@site:v-8c1", "customer_id@shop:K-5812", hour=5),
            saw("views2", "visitor@site:v-8c1", hour=6),
        ],
        "chat views2 | chat2",
        {"chat chat2": "limit:customer_id", "chat2 views2": "limit:customer_id"},
    ),
    Row(
        "customers who take turns at one browser: each is back in an epoch of their own",
        [
            saw("chat", "visitor@site:v-8c1", "customer_id@shop:K-5802"),
            saw("chat2", "visitor@site:v-8c1", "customer_id@shop:K-5812", hour=5),
            saw("chat", "visitor@site:v-8c1", hour=8),
            saw("views3", "visitor@site:v-8c1", hour=9),
        ],
        "chat views3 | chat2",
        passed=[passed("visitor@site:v-8c1", 5), passed("visitor@site:v-8c1", 8)],
    ),
]

PASSED_ON = [
    Row(
        "number change: the person keeps both, who gets the old number is somebody else",
        [
            saw("old", PHONE),
            saw("old", OTHER_PHONE, hour=5),
            saw("new", OTHER_PHONE, hour=6),
            saw("stranger", PHONE, hour=9),
        ],
        "old new | stranger",
        passed=[passed(PHONE, 5)],
    ),
    Row(
        "number passed on between two customers: counted within each epoch, it is not shared",
        [
            saw("wa", PHONE, "customer_id@shop:K-5802"),
            saw("sms", PHONE, hour=1),
            saw("wa2", PHONE, "customer_id@shop:K-5812", hour=9),
            saw("sms2", PHONE, hour=9),
        ],
        "wa sms | wa2 sms2",
        passed=[passed(PHONE, 5)],
    ),
    Row(
        "WhatsApp user id rotated",
        [
            saw("old", "whatsapp_user@p:DE.771"),
            saw("old", "whatsapp_user@p:DE.772", hour=5),
            saw("new", "whatsapp_user@p:DE.772", hour=6),
            saw("stranger", "whatsapp_user@p:DE.771", hour=9),
        ],
        "old new | stranger",
        passed=[passed("whatsapp_user@p:DE.771", 5)],
    ),
    Row(
        "WhatsApp user id only: one customer on two lines of a portfolio, another in another portfolio",
        [
            saw(who, f"whatsapp_user@{portfolio}:DE.771")
            for who, portfolio in (("line1", "p"), ("line2", "p"), ("else", "q"))
        ],
        "line1 line2 | else",
    ),
]

PHONES = [
    Row(
        f"variants of a mobile number: {country}",
        [saw("wa", f"phone:{one}"), saw("sms", f"phone:{other}", grade="weak")],
        "wa sms",
    )
    for country, one, other in (
        ("Brazil", "+551187654321", "+5511987654321"),
        ("Mexico", "+5215584213907", "+525584213907"),
        ("Argentina", "+5491123784561", "+541123784561"),
    )
]

FAMILY = [
    saw("mother", PHONE, "customer_id@shop:K-5802"),
    saw("father", PHONE, "customer_id@shop:K-5812", hour=1),
    saw("child", PHONE, hour=2),
]
SHARED = [
    Row("family phone: shared by two customers it ties nobody", FAMILY, "mother | father | child"),
    Row(
        "family phone that a human opened: it goes to whom it was seen with first, the others are told why not",
        FAMILY,
        "mother child | father",
        {"mother father": "limit:customer_id", "father child": "limit:customer_id"},
        decided=[Marking(key(PHONE), "normal")],
    ),
    *(
        Row(
            f"a customer number that a human marked {status} is no second customer",
            FAMILY,
            "mother father child",
            decided=[Marking(key("customer_id@shop:K-5812"), status)],
        )
        for status in ("blocked", "generic")
    ),
    Row(
        "family phone of one customer, marked as shared",
        [FAMILY[0], FAMILY[2]],
        "mother | child",
        decided=[Marking(key(PHONE), "generic")],
    ),
    Row(
        "marking taken back by a later one",
        [FAMILY[0], FAMILY[2]],
        "mother child",
        decided=[Marking(key(PHONE), "generic", 1), Marking(key(PHONE), "normal", 2)],
    ),
    Row(
        "a company's info@ is nobody's",
        [saw("one", "email:info@lindhaus.de"), saw("two", "email:Info@Lindhaus.de")],
        "one | two",
    ),
]

GRADES = [
    Row("sender of a text message is weak and joins", [saw("wa", PHONE), saw("sms", PHONE, grade="weak")], "wa sms"),
    Row("weak e-mail does not join", [saw("m1", MAIL), saw("m2", MAIL, grade="weak")], "m1 | m2"),
    Row("typed e-mail does not join", [saw("m1", MAIL), saw("chat", MAIL, grade="claimed")], "m1 | chat"),
    Row(
        "typed e-mail proved later joins",
        [saw("m1", MAIL), saw("chat", MAIL, grade="claimed"), saw("chat", MAIL, hour=1)],
        "m1 chat",
    ),
    Row(
        "typed customer id makes no phone shared",
        [FAMILY[0], saw("child", PHONE), saw("child", "customer_id@shop:K-5812", grade="claimed")],
        "mother child",
    ),
    Row("order number joins nobody", [saw("a", "order@shop:A-2207"), saw("b", "order@shop:A-2207")], "a | b"),
]

LIMITS = [
    Row("three WhatsApp users are one customer's", many("whatsapp_user@p:DE.77{}", 3), "c0 c1 c2"),
    Row(
        "a fourth is not",
        many("whatsapp_user@p:DE.77{}", 4),
        "c0 c1 c2 | c3",
        {"c0 c3": "limit:whatsapp_user"},
    ),
    Row("the sixth phone is not", many("phone:+4915127784{}31", 6), "c0 c1 c2 c3 c4 | c5", {"c0 c5": "limit:phone"}),
    Row("the sixth e-mail is not", many("email:m{}@lindhaus.de", 6), "c0 c1 c2 c3 c4 | c5", {"c0 c5": "limit:email"}),
    Row(
        "who alone shows more numbers than a person may have is a clerk or an office, and joins nobody by a number",
        [saw("clerk", *(f"phone:+4915127784{n}31" for n in range(6))), saw("sms", "phone:+4915127784031", hour=1)],
        "clerk | sms",
        {"clerk sms": "limit:phone"},
    ),
    Row("any number of browsers", many("visitor@site:v-8c{}", 9), "c0 c1 c2 c3 c4 c5 c6 c7 c8"),
    Row(
        "limits are counted for each scope",
        [saw("wa", PHONE, "customer_id@shop:K-1"), saw("sms", PHONE, "customer_id@till:K-2")],
        "wa sms",
    ),
]

TWO = [
    saw("wa", "whatsapp_user@p:DE.771", "customer_id@shop:K-5802"),
    saw("shop", "whatsapp_user@p:DE.772", "customer_id@shop:K-5812"),
]
HUMANS = [
    Row("a merge is bound by no limit", TWO, "wa shop", decided=[same("wa", "shop")]),
    Row(
        "what comes later to a merged customer is held without the merge's aliases",
        [*TWO, saw("mail", "customer_id@shop:K-5812", hour=9)],
        "wa shop | mail",
        {"shop mail": "limit:customer_id"},
        decided=[same("wa", "shop")],
    ),
    Row(
        "and is the customer's with them",
        [*TWO, saw("mail", "customer_id@shop:K-5812", hour=9)],
        "wa shop mail",
        decided=[same("wa", "shop", aliases="customer_id@shop:K-5802 customer_id@shop:K-5812")],
    ),
    Row(
        "different: the tie is held, a third stays with the one it was seen with first",
        [saw("wa", PHONE), saw("sms", PHONE, hour=1), saw("call", PHONE, hour=2)],
        "wa call | sms",
        {"wa sms": "different", "sms call": "different"},
        decided=[different("wa", "sms")],
    ),
    Row(
        "the later word counts",
        [],
        "wa | sms",
        {"wa sms": "different"},
        decided=[same("wa", "sms", 1), different("wa", "sms", 2)],
    ),
    Row(
        "a same that a later word overruled declares nothing one customer's any more",
        [*TWO, saw("wa", MAIL, hour=2), saw("shop", MAIL, hour=3)],
        "wa | shop | a | b",
        {"a b": "different", "wa shop": "limit:customer_id"},
        decided=[
            same("a", "b", 1, "customer_id@shop:K-5802 customer_id@shop:K-5812"),
            different("a", "b", 2),
            Marking(key(MAIL), "normal", 3),
        ],
    ),
    Row("whichever it is", [], "wa sms", {"wa sms": "same"}, decided=[different("wa", "sms", 1), same("wa", "sms", 2)]),
    Row(
        "a different yields to two later words that say otherwise together",
        [],
        "wa sms mail",
        {"wa mail": "same"},
        decided=[different("wa", "mail", 1), same("wa", "sms", 2), same("sms", "mail", 2)],
    ),
]

ROWS = [*CUSTOMERS, *BROWSER, *PASSED_ON, *PHONES, *SHARED, *GRADES, *LIMITS, *HUMANS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_conflict(row: Row) -> None:
    result = resolve([seen for each in row.seen for seen in each], row.passed, row.decided)
    people = {frozenset((who,) for who in person.split()) for person in row.people.split("|")}
    assert set(result.blocks) == people
    assert {f"{tie.one[0]} {tie.other[0]}": tie.because for tie in result.held} == row.held
