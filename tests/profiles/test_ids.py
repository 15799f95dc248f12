"""Ids as strangers write them."""

import pytest

from profiles.ids import BIGGEST_ID, id_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7", 7),
        ("007", 7),
        (str(BIGGEST_ID), BIGGEST_ID),
        (str(BIGGEST_ID + 1), None),
        ("9" * 5000, None),
        ("", None),
        ("-1", None),
        ("1.0", None),
        (" 1", None),
        ("٣", None),
        ("²", None),
    ],
)
def test_an_id_is_plain_digits_that_a_row_can_have(text: str, found: int | None) -> None:
    assert id_in(text) == found
