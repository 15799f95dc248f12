"""Words of every script, and what finds them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.name_search import distance
from profiles.terms import Term, occurrences, terms_of, tsquery
from profiles.words import fold, words_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Where is my parcel?", ["where", "is", "my", "parcel"]),
        ("Grüße aus Größenwörth", ["grusse", "aus", "grossenworth"]),
        ("Mueller, Müller, MÜLLER", ["muller", "muller", "muller"]),
        ("Łukasz Åse Ørsted Þór", ["lukasz", "ase", "orsted", "thor"]),
        ("İstanbul, ISTANBUL, ısı", ["istanbul", "istanbul", "isi"]),
        ("мой заказ, Ёлка", ["мои", "заказ", "елка"]),
        ("Ελλάδα ΣΟΦΟΣ σοφός", ["ελλαδα", "σοφοσ", "σοφοσ"]),
        ("مُحَمَّد مـحـمـد", ["محمد", "محمد"]),
        ("أحمد فاطمة فاطمه", ["احمد", "فاطمه", "فاطمه"]),
        ("שָׁלוֹם", ["שלום"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("０１２ ٣٤٥", ["012", "345"]),
        ("서울에서", ["서울에서"]),
        ("王小明", ["王小", "小明", "明"]),
        ("ブルー ﾌﾞﾙｰ", ["ブル", "ルー", "ー", "ブル", "ルー", "ー"]),
        ("iPhone手机", ["iphone", "手机", "机"]),
        ("shop@example.com A-1042", ["shop", "example", "com", "a", "1042"]),
        ("hy\u00adphen cafe\u0301", ["hyphen", "cafe"]),
        ("👍🏽 🎉 … ''", []),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert [word.text for word in words_in(text)] == words


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        ("parc", "Two parcels", ["parcels"]),
        ("parc ", "Two parcels", None),
        ("two parcel", "Parcels: TWO", ["Parcels", "TWO"]),
        ("par two", "Two parcels", None),
        ('"blue jacket"', "a blue jacket", ["blue jacket"]),
        ('"blue jacket"', "a jacket, blue", None),
        ('"blue jack"', "a blue jacket", None),
        ("小明", "王小明在哪里", ["小明"]),
        ("明", "王小明", ["明"]),
        ("明", "王小明在", ["明"]),
        ("小在", "王小明在哪里", None),
        ("mueller", "Herr Müller!", ["Müller"]),
        ("محمد", "السيد مُحَمَّد هنا", ["مُحَمَّد"]),
        ("p", "Two parcels", None),
    ],
)
def test_terms_are_found(asked: str, text: str, found: list[str] | None) -> None:
    where = occurrences(terms_of(asked), words_in(text))
    assert (None if where is None else [text[start:end] for start, end in where]) == found


def test_terms_of_a_question() -> None:
    asked = terms_of('red "size nine" sho')
    assert asked == [Term(("red",)), Term(("size", "nine")), Term(("sho",), is_beginning=True)]
    assert tsquery(asked) == "'red' & ('size' <-> 'nine') & 'sho':*"
    assert tsquery(terms_of("'; DROP TABLE x; -- & | ! :* <-> \\")) == "'drop' & 'table' & 'x'"
    assert terms_of('"" «» ""') == []


@given(st.text())
def test_every_text_is_found_by_its_own_words(text: str) -> None:
    words = words_in(text)
    for word in words:
        assert word.text
        assert 0 <= word.start < word.end <= len(text)
        assert "'" not in word.text
        assert "\\" not in word.text
    terms = terms_of(text + " ")
    assert not terms or occurrences(terms, words) is not None


@given(st.text("aeiouhmß", min_size=1), st.text("aeiouhmß"))
def test_beginning_folds_to_a_beginning(beginning: str, rest: str) -> None:
    assert fold(beginning + rest).startswith(fold(beginning))


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [("michael", "michael", 0), ("micheal", "michael", 1), ("katrin", "catrin", 1), ("mohammed", "muhammad", 2),
     ("anna", "hanna", 1), ("", "ab", 2), ("abcd", "badc", 2)],
)  # fmt: skip
def test_distance(one: str, other: str, slips: int) -> None:
    assert distance(one, other) == slips
