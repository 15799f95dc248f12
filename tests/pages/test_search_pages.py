"""The search sheet and page: what is found, how the match is marked, and the timeline opened at an entry."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.html import escape

from profiles.models import Trait
from tests.pages.conftest import NOON, Born, Say
from tests.pages.reading_html import entry_ids, words
from timeline.models import Entry

HX = {"HX-Request": "true"}


def named(identity: object, name: str) -> None:
    Trait.objects.create(
        channel_identity=identity, name="name", value=name, source="profile", first_seen=NOON, last_seen=NOON
    )


def test_page_shows_customers_and_messages_with_the_match_marked(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    named(mira, "Mira Lind")
    entry = say(mira, "Is mira's parcel here?")
    html = pages.get("/search/", {"q": "mira"}).content.decode()
    assert f'href="/inbox/all/{mira.pk}/"' in html
    assert f'href="/inbox/all/{mira.pk}/?entry={entry.pk}#e-{entry.pk}"' in html
    assert "Is <mark>mira</mark>&#x27;s parcel here?" in html


def test_markup_in_what_was_asked_and_found_is_text(pages: Client, born: Born, say: Say) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'"
    mira = born(attack)
    named(mira, attack)
    say(mira, f"script {attack}")
    for asked in (attack, "script"):
        for headers in ({}, HX):
            html = pages.get("/search/", {"q": asked}, headers=headers).content.decode()
            assert "<script>alert" not in html
            assert "<img" not in html
            assert "&lt;" in html
    assert str(escape(attack)) in pages.get("/search/", {"q": attack}).content.decode()


def test_sheet_offers_who_was_active_last(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello")
    said = words(pages.get("/search/", headers=HX))
    assert "Recently active" in said
    assert "Mira Lind" in said


def test_past_number_is_called_past(pages: Client, born: Born, say: Say) -> None:
    from profiles.models import Boundary, Identifier, Sighting

    mira = born("Mira Lind", address="4915112345678")
    number = Identifier.objects.create(kind="phone", value="+4915112345678", join_key="+4915112345678")
    Sighting.objects.create(identifier=number, channel_identity=mira, grade="proved", source="m", occurred_at=NOON)
    Boundary.objects.create(
        account=mira.account, address=mira.address, starts_at=NOON + timedelta(days=1), source="p", reason="changed"
    )
    assert "Past Phone +49 1511 2345678" in words(pages.get("/search/", {"q": "01511 2345678"}, headers=HX))


def test_nothing_found_says_what_to_try(pages: Client) -> None:
    assert "Nothing found" in words(pages.get("/search/", {"q": "zebra"}))


def test_more_messages_follow_by_cursor(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    for number in range(30):
        say(mira, f"parcel {number}", minute=number)
    page = pages.get("/search/", {"q": "parcel"}).content.decode()
    assert page.count("<mark>") == 25
    more = page.split('hx-get="/search/?q=parcel&amp;before=')[1].split('"')[0]
    rest = pages.get(f"/search/?q=parcel&before={more}", headers=HX).content.decode()
    assert rest.count("<mark>") == 5
    assert "More messages" not in rest
    assert pages.get("/search/", {"q": "parcel", "before": "x"}, headers=HX).status_code == 404


def test_timeline_opens_at_an_entry_and_pages_both_ways(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    written = [say(mira, f"message {number}", minute=number // 3).pk for number in range(200)]
    target = written[80]
    page = pages.get(f"/customers/{mira.pk}/?entry={target}")
    assert page["Location"] == f"/inbox/all/{mira.pk}/?entry={target}#e-{target}"
    page = pages.get(page["Location"])
    html = page.content.decode()
    assert entry_ids(page) == written[56:106]
    assert f'data-found="e-{target}"' in html
    seen = written[56:106]
    while '"newer' in html or 'id="newer"' in html:
        url = html.split('id="newer"')[1].split('hx-get="')[1].split('"')[0]
        part = pages.get(url, headers=HX)
        seen += entry_ids(part)
        html = part.content.decode()
    assert seen == written[56:]


def test_link_to_an_entry_follows_its_customer(pages: Client, born: Born, say: Say) -> None:
    mira, other = born("Mira Lind"), born("Mira L.")
    entry = say(other, "Hello")
    assert pages.get(f"/customers/{mira.pk}/?entry={entry.pk}")["Location"].startswith(f"/inbox/all/{other.pk}/?entry=")
    other.profile = mira.profile
    other.save()
    place = f"/inbox/all/{mira.pk}/?entry={entry.pk}#e-{entry.pk}"
    assert pages.get(f"/customers/{other.pk}/?entry={entry.pk}")["Location"] == place
    assert pages.get(f"/inbox/waiting/{other.pk}/?entry={entry.pk}")["Location"] == place.replace("all", "waiting")


@pytest.mark.parametrize("asked", ["0", "x", "-1", "9" * 30, "²"])
def test_link_to_no_entry_is_not_found(pages: Client, born: Born, say: Say, asked: str) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello")
    assert pages.get(f"/customers/{mira.pk}/?entry={asked}").status_code == 404
    assert pages.get(f"/inbox/all/{mira.pk}/?entry={asked}").status_code == 404


def test_deep_link_costs_the_same_whatever_the_history(
    pages: Client, born: Born, say: Say, django_assert_max_num_queries: object
) -> None:
    mira = born("Mira Lind")
    entry = say(mira, "the one")
    Entry.objects.bulk_create(
        Entry(channel_identity=mira, account=mira.account, kind="message", direction="in", text="x",
              occurred_at=NOON + timedelta(seconds=n)) for n in range(2_000)
    )  # fmt: skip
    with django_assert_max_num_queries(22):  # type: ignore[operator]
        pages.get(f"/inbox/all/{mira.pk}/?entry={entry.pk}")
