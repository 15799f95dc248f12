"""The pages in another language than English."""

from django.test import Client

from tests.pages.conftest import Born, Say


def test_german_browser_gets_german_pages(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    say(mira, "Guten Morgen")
    page = pages.get(f"/inbox/all/{mira.pk}/", headers={"accept-language": "de-AT,de;q=0.9,en;q=0.5"}).text
    assert '<html lang="de" dir="ltr"' in page
    assert "Zum Gespräch springen" in page
    assert "Skip to the conversation" not in page
    assert "20. November" in page


def test_row_of_the_queue_names_a_payment_in_german(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    say(mira, kind="payment", direction="none", detail={"id": "80335", "state": "received"})
    page = pages.get("/inbox/all/", headers={"accept-language": "de"}).text
    assert "Zahlung" in page
    assert "Payment" not in page


def test_language_without_a_translation_is_english_altogether(pages: Client) -> None:
    page = pages.get("/inbox/all/", headers={"accept-language": "fr"}).text
    assert '<html lang="en" dir="ltr"' in page
    assert "Nobody is waiting" not in page
    assert "Choose a customer" in page or "Nothing has arrived yet" in page
