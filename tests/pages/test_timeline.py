"""The customer's page: what it shows, how it pages, what it costs."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from profiles.models import Channel, ChannelAccount
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import entry_ids, link_to_more, words
from timeline.models import Entry


def test_page_holds_the_newest_fifty_and_older_pages_the_rest(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    written = [say(mira, f"message {number}", minute=number // 3).pk for number in range(120)]
    page = pages.get(f"/inbox/all/{mira.pk}/")
    assert entry_ids(page) == written[70:]
    seen = [entry_ids(page)]
    while more := link_to_more(page):
        page = pages.get(more, headers={"HX-Request": "true"})
        seen.insert(0, entry_ids(page))
        assert len(seen) < 10
    assert [len(part) for part in seen] == [20, 50, 50]
    assert [pk for part in seen for pk in part] == written


def test_names_and_texts_are_text(pages: Client, born: Born, say: Say) -> None:
    attack = "<script>alert(1)</script>\"'<img src=x onerror=alert(2)>"
    mira = born(attack, address="4915112345678")
    say(mira, attack, detail={"type": "document", "attachments": [{"type": "document", "name": attack}]})
    say(mira, attack, minute=1, detail={
        "type": "contacts", "contacts": [{"name": attack, "company": attack, "phones": [{"phone": attack}]}],
        "referral": {"headline": attack, "body": attack}, "edits": [{"previous_text": attack}],
        "reactions": [{"emoji": attack}], "errors": [{"message": attack}],
    }, delivery="failed", direction="out")  # fmt: skip
    say(mira, attack, minute=2, detail={"type": "choice", "choice": {"kind": "list", "description": attack}})
    for path in (f"/inbox/all/{mira.pk}/", f"/customers/{mira.pk}/since/?after=1:1:", f"/inbox/all/?ids={mira.pk}"):
        html = pages.get(
            path, headers={} if path.startswith("/inbox/all/2") else {"HX-Request": "true"}
        ).content.decode()
        assert "<script>alert" not in html
        assert "<img" not in html
        assert str(escape(attack)) in html


def test_merged_id_leads_to_the_survivor(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    other = born("Mira L.", profile=mira.profile)
    say(mira, "Hello")
    assert pages.get(f"/inbox/waiting/{other.pk}/")["Location"] == f"/inbox/waiting/{mira.pk}/"
    assert pages.get(f"/customers/{other.pk}/")["Location"] == f"/inbox/all/{mira.pk}/"
    for pulled in ("since/?after=1:1:", "around/"):
        response = pages.get(f"/customers/{other.pk}/{pulled}", headers={"HX-Request": "true"})
        assert (response.status_code, response["HX-Location"]) == (409, f"/inbox/all/{mira.pk}/")


@pytest.mark.parametrize(
    "path",
    ["/inbox/all/999999/", "/inbox/no-such-view/", f"/inbox/all/{10**30}/", "/customers/999999/since/?after=1:1:"],
)
def test_unknown_address_is_not_found(pages: Client, path: str) -> None:
    response = pages.get(path)
    assert response.status_code == 404
    assert "There is nothing at this address" in words(response)


@pytest.mark.parametrize("cursor", ["x", "-1", "W10", "WyIyMDI2IiwgMV0"])
def test_odd_cursor_is_not_found(pages: Client, born: Born, say: Say, cursor: str) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello")
    for path in (f"/customers/{mira.pk}/older/?before={cursor}", f"/customers/{mira.pk}/since/?after={cursor}",
                 f"/inbox/all/?after={cursor}"):  # fmt: skip
        assert pages.get(path, headers={"HX-Request": "true"}).status_code == 404


def test_htmx_gets_the_customer_without_the_frame(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello")
    html = pages.get(f"/inbox/all/{mira.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in html
    assert "<title>Mira Lind" in html
    assert 'id="tl"' in html


def test_since_brings_what_is_new_and_the_next_cursor(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello")
    first = pages.get(f"/customers/{mira.pk}/since/?after=1:1:", headers={"HX-Request": "true"})
    newest = say(mira, "One more thing", minute=5)
    cursor = first["X-Cursor"]
    second = pages.get(f"/customers/{mira.pk}/since/?after={cursor}", headers={"HX-Request": "true"})
    assert newest.pk in entry_ids(second)
    around = pages.get(f"/customers/{mira.pk}/around/", headers={"HX-Request": "true"}).content.decode()
    assert 'data-part="side"' in around
    assert f'id="row-{mira.pk}"' in around


def test_answer_quotes_the_message_it_answers(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    first = say(mira, "Is it in stock?", provider_message_id="wamid.1")
    answer = {"type": "text", "reply_to": {"provider_message_id": "wamid.1"}}
    say(mira, "Yes", minute=1, direction="out", detail=answer)
    html = pages.get(f"/inbox/all/{mira.pk}/").content.decode()
    assert f'class="quote" href="#e-{first.pk}"' in html


def test_quote_shows_nothing_of_another_customer(pages: Client, born: Born, say: Say) -> None:
    mira, noah = born("Mira Lind"), born("Noah Smith")
    say(noah, "Noah's own words", provider_message_id="wamid.1")
    say(mira, "Yes", detail={"type": "text", "reply_to": {"provider_message_id": "wamid.1"}})
    html = pages.get(f"/inbox/all/{mira.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "Noah" not in html


def test_second_line_is_named_once_there_are_two(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello")
    assert "to Nordlicht Shop" not in words(pages.get(f"/customers/{mira.pk}/older/", headers={"HX-Request": "true"}))
    care = ChannelAccount.objects.create(provider="sms_twilio", channel=Channel.SMS, name="Nordlicht SMS")
    say(born("", account=care, profile=mira.profile), "Me again", minute=1)
    shown = words(pages.get(f"/customers/{mira.pk}/older/", headers={"HX-Request": "true"}))
    assert "WhatsApp Mira Lind to Nordlicht Shop" in shown
    assert "SMS Mira Lind to Nordlicht SMS" in shown


def test_group_is_said_not_to_be_answered(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind", address="120363@g.us:4915112345678", reply_refusal="group")
    say(mira, "Hello all")
    shown = words(pages.get(f"/inbox/all/{mira.pk}/"))
    assert "This is a group; the hub does not answer into groups yet" in shown
    assert "+49 1511 2345678" in shown


def test_times_are_in_the_agents_zone(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello")
    pages.cookies["zone"] = "Asia/Tokyo"
    assert "21:00" in words(pages.get(f"/inbox/all/{mira.pk}/"))
    pages.cookies["zone"] = "../etc/passwd"
    assert "12:00" in words(pages.get(f"/inbox/all/{mira.pk}/"))


def test_page_costs_the_same_whatever_the_size(
    pages: Client, born: Born, say: Say, django_assert_max_num_queries: Any
) -> None:
    mira = born("Mira Lind")
    accounts = [mira]
    for number in range(5):
        account = ChannelAccount.objects.create(provider="whatsapp_cloud", channel="whatsapp", name=f"Line {number}")
        accounts.append(born("", account=account, profile=mira.profile))
    for number in range(80):
        answer = {"type": "text", "reply_to": {"provider_message_id": f"m{number - 60}"}}
        say(accounts[number % 6], f"text {number}", minute=number, provider_message_id=f"m{number}", detail=answer)
    for number in range(40):
        say(born(f"Customer {number}"), "Hello", minute=number)
    assert Entry.objects.count() == 120
    with django_assert_max_num_queries(14):  # with the queue beside it
        assert pages.get(f"/inbox/all/{mira.pk}/").status_code == 200
    with django_assert_max_num_queries(12):
        alone = pages.get(f"/inbox/all/{mira.pk}/", headers={"HX-Request": "true"})
    older = link_to_more(alone)
    with django_assert_max_num_queries(10):
        assert pages.get(str(older)).status_code == 200


def test_entries_name_the_address_where_a_channel_has_several(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind", address="4915112345678")
    say(mira, "From my phone")
    assert "from " not in words(pages.get(f"/inbox/all/{mira.pk}/")).partition("From my phone")[0][-60:]
    work = born("", address="4915198765432", profile=mira.profile)
    say(work, "From the office", minute=10)
    say(work, "Thank you", minute=20, direction="out")
    told = re.sub("[\u2066-\u2069]", "", words(pages.get(f"/inbox/all/{mira.pk}/")))
    assert "Mira Lind from +49 1511 2345678 From my phone" in told
    assert "Mira Lind from +49 1519 8765432 From the office" in told
    assert "to +49 1519 8765432 Thank you" in told
