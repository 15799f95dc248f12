"""Pages are small on the way; what is no page travels as it is."""

import gzip

from django.test import Client

from tests.pages.conftest import Born, Say

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def test_page_travels_compressed_and_its_length_tells_nothing(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    for minute in range(50):
        say(mira, f"Where is my parcel {minute}?", minute=minute)
    whole = pages.get("/inbox/all/2001/")
    answers = [pages.get("/inbox/all/2001/", headers=GZIP) for _ in range(8)]
    assert "Content-Encoding" not in whole
    for each in answers:
        assert each["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in each["Vary"]
        assert b"Where is my parcel 49?" in gzip.decompress(each.content)
        assert len(each.content) < len(whole.content) / 5
    assert len({len(each.content) for each in answers}) > 1


def test_answer_to_a_program_is_not_compressed(pages: Client, born: Born, say: Say) -> None:
    say(born("Mira Lind"), "Where is my parcel? " * 50)
    answer = pages.get("/api/v1/queue/", headers=GZIP)
    assert len(answer.content) > 200
    assert "Content-Encoding" not in answer
