"""Customers from many countries, made with factory-boy: the same seed makes the same people.

Numbers come from ranges kept free for fiction where a country has one, else from ones that are plainly made up.
"""

import random
from dataclasses import dataclass

from factory.base import Factory
from factory.faker import Faker
from factory.random import reseed_random

from channels_ingest.simulator.payloads import Customer


@dataclass(frozen=True, slots=True)
class Home:
    """Where customers come from. In `numbers` each `#` is a digit; `share` is how many of 200 live there."""

    country: str
    locale: str
    language: str
    share: int
    numbers: tuple[str, ...]
    family_name_first: bool = False


HOMES = (
    Home("US", "en_US", "en", 32, ("121255501##", "141555501##", "130355501##", "161755501##", "190755501##")),
    Home("GB", "en_GB", "en", 28, ("447700900###",)),  # Ofcom, numbers for drama
    Home("SE", "sv_SE", "sv", 26, ("467017406##",)),  # PTS, numbers for fiction
    Home("DE", "de_DE", "de", 16, ("4917139200##",)),  # Bundesnetzagentur, numbers for media
    Home("AU", "en_AU", "en", 10, ("61491570###",)),  # ACMA, numbers for drama
    Home("FR", "fr_FR", "fr", 12, ("336399800##",)),  # Arcep, numbers for fiction
    Home("BR", "pt_BR", "pt", 11, ("55119####0000", "55318888000#", "5521988880###")),  # with and without the 9
    Home("MX", "es_MX", "es", 8, ("52155555000##", "525555500###")),  # with and without the 1
    Home("ES", "es_ES", "es", 6, ("34600000###",)),
    Home("AR", "es_AR", "es", 3, ("5491155550###",)),
    Home("JP", "ja_JP", "ja", 8, ("81900000####",), family_name_first=True),
    Home("TW", "zh_TW", "zh", 3, ("886900000###",), family_name_first=True),
    Home("CN", "zh_CN", "zh", 4, ("861300000####",), family_name_first=True),
    Home("EG", "ar_AA", "ar", 5, ("2010000000##",)),
    Home("AE", "ar_AA", "ar", 4, ("971500000###",)),
    Home("IL", "he_IL", "he", 7, ("972500000###",)),
    Home("IT", "it_IT", "it", 5, ("393200000###",)),
    Home("NL", "nl_NL", "nl", 4, ("31600000###",)),
    Home("PL", "pl_PL", "pl", 3, ("48500000###",)),
    Home("TR", "tr_TR", "tr", 2, ("905000000###",)),
    Home("KR", "ko_KR", "ko", 2, ("821000000###",), family_name_first=True),
    Home("IN", "en_IN", "en", 3, ("919000000###",)),
)

EMOJI = ("🌻", "✨", "🏔️", "⛺", "🐕", "🌊", "🇸🇪", "🚲", "🍀", "🎒")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A customer and what the shop calls them."""

    customer: Customer
    home: Home
    called: str


@dataclass(frozen=True, slots=True)
class Name:
    """What somebody is called at home."""

    given: str
    family: str


class NameFactory(Factory[Name]):
    """Names as they are given in a locale: `NameFactory.build(given__locale=..., family__locale=...)`."""

    class Meta:
        model = Name

    given = Faker("first_name")  # type: ignore[no-untyped-call]
    family = Faker("last_name")  # type: ignore[no-untyped-call]


def people(seed: int) -> list[Person]:
    """About 200 persons with different numbers, in random order; every tenth or so shows only a user name."""
    reseed_random(seed)  # type: ignore[no-untyped-call]
    chance = random.Random(seed)  # noqa: S311  (stories, not secrets)
    homes = [home for home in HOMES for _ in range(home.share)]
    chance.shuffle(homes)
    taken: set[str] = set()
    return [_person(home, chance, taken) for home in homes]


def _person(home: Home, chance: random.Random, taken: set[str]) -> Person:
    name = NameFactory.build(given__locale=home.locale, family__locale=home.locale)
    given, family = name.given, name.family
    number = _number(home, chance, taken)
    user_id = f"{home.country}.{chance.randrange(10**17, 10**18)}"
    knows_user_ids, hides_number = chance.random() < 0.6, chance.random() < 0.1
    username = ""
    if hides_number:
        stem = "".join(letter for letter in f"{given}{family}".lower() if letter.isascii() and letter.isalpha())
        username = f"{stem or 'trail'}{chance.randrange(10, 99)}"
    customer = Customer(
        name=_profile_name(home, given, family, chance),
        wa_id="" if hides_number else number,
        user_id=user_id if hides_number or knows_user_ids else "",
        username=username,
    )
    return Person(customer=customer, home=home, called=family if home.family_name_first else given)


def new_number(person: Person, chance: random.Random) -> str:
    """Another number in the person's country."""
    return _number(person.home, chance, {person.customer.wa_id})


def _number(home: Home, chance: random.Random, taken: set[str]) -> str:
    """A number of that country nobody has yet."""
    while True:
        number = "".join(str(chance.randrange(10)) if digit == "#" else digit for digit in chance.choice(home.numbers))
        if number not in taken and not number.startswith("4670174060"):  # these are the shop's own
            taken.add(number)
            return number


def _profile_name(home: Home, given: str, family: str, chance: random.Random) -> str:
    """The name as people choose it for themselves."""
    full = f"{family}{given}" if home.family_name_first else f"{given} {family}"
    styles = (full, given, f"{given} {chance.choice(EMOJI)}", full.lower(), f"{given[:1]}. {family}")
    weights = (60, 20, 10, 5, 0 if home.family_name_first else 5)
    return chance.choices(styles, weights)[0]
