"""The queue: order, paging, waiting, and what an empty hub says."""

from django.test import Client

from profiles.models import ChannelAccount
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import link_to_more, row_ids, words


def test_newest_customers_come_first_page_by_page(pages: Client, born: Born, say: Say) -> None:
    customers = [born(f"Customer {number}") for number in range(70)]
    for number, customer in enumerate(customers):
        say(customer, "Hello", minute=number)
    page = pages.get("/inbox/all/")
    seen = [row_ids(page)]
    while more := link_to_more(page):
        page = pages.get(more, headers={"HX-Request": "true"})
        seen.append(row_ids(page))
        assert len(seen) < 10
    assert [len(part) for part in seen] == [30, 30, 10]
    assert [pk for part in seen for pk in part] == [customer.pk for customer in reversed(customers)]


def test_waiting_holds_the_unanswered_longest_first(pages: Client, born: Born, say: Say) -> None:
    long, answered, short = born("Long"), born("Answered"), born("Short")
    say(long, "Hello?", minute=0)
    say(answered, "Hello?", minute=1)
    say(answered, "Hi!", minute=2, direction="out")
    say(short, "Hello?", minute=3)
    page = pages.get("/inbox/waiting/")
    assert row_ids(page) == [long.pk, short.pk]
    assert "Waiting 2" in words(page)


def test_script_asks_for_single_rows_of_the_view(pages: Client, born: Born, say: Say) -> None:
    waiting, answered = born("Waiting"), born("Answered")
    say(waiting, "Hello?")
    say(answered, "Hi!", direction="out")
    ids = f"{waiting.pk},{answered.pk},17,x,{'9' * 40}"
    assert set(row_ids(pages.get(f"/inbox/all/?ids={ids}", headers={"HX-Request": "true"}))) == {
        waiting.pk,
        answered.pk,
    }
    assert row_ids(pages.get(f"/inbox/waiting/?ids={ids}", headers={"HX-Request": "true"})) == [waiting.pk]


def test_row_says_what_came_in_words(pages: Client, born: Born, say: Say) -> None:
    mira, noah, li = born("Mira Lind"), born("Noah Smith"), born("")
    say(mira, detail={"type": "audio", "attachments": [{"type": "audio", "voice": True}]})
    say(noah, "On its way", direction="out")
    say(li, "Hi", detail={"type": "text", "revoked_at": "2026-11-20T12:01:00+00:00"})
    shown = words(pages.get("/inbox/all/"))
    assert "Mira Lind" in shown
    assert "Voice note" in shown
    assert "You: On its way" in shown
    assert "Unknown customer" in shown
    assert "Deleted message" in shown


def test_nobody_waiting_is_good_news(pages: Client, born: Born, say: Say) -> None:
    say(born("Mira"), "Hi!", direction="out")
    assert "Nobody is waiting" in words(pages.get("/inbox/waiting/"))


def test_empty_hub_says_the_next_step(pages: Client) -> None:
    shown = words(pages.get("/inbox/all/"))
    assert "Nothing has arrived yet" in shown
    assert "python3 manage.py connect whatsapp_cloud" in shown
    assert "openssl dgst -sha256 -hmac" in shown


def test_empty_hub_with_a_line_waits_for_its_first_message(pages: Client, line: ChannelAccount) -> None:
    assert "A line is connected." in words(pages.get("/inbox/all/"))
