"""The reply box: where an answer can go, why not, and what its form says to a second colleague."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_ingest.accounts import connect
from channels_ingest.models import OutboxMessage
from channels_ingest.sending.composing import send
from channels_ingest.sending.wishes import Draft, Wish
from profiles.models import Channel, ChannelAccount, ChannelIdentity, Role, StaffMember
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import words
from timeline.models import Entry

HTMX = {"HX-Request": "true"}


@pytest.fixture
def whatsapp(db: None) -> ChannelAccount:
    return connect("whatsapp_cloud", name="Nordlicht Shop", values={"app_secret": "a", "verify_token": "b"})


@pytest.fixture
def mira(born: Born, say: Say, whatsapp: ChannelAccount) -> ChannelIdentity:
    """Mira wrote ten minutes ago."""
    row = born("Mira Lind", account=whatsapp, address="15550100001")
    say(row, "Where is my parcel?")
    ChannelIdentity.objects.filter(pk=row.pk).update(last_inbound_at=timezone.now() - timedelta(minutes=10))
    return row


def box(pages: Client, profile_id: int, **asked: Any) -> Any:
    return pages.get(f"/customers/{profile_id}/composer/", asked, headers=HTMX)


def test_box_offers_the_address_and_says_that_it_is_simulated(pages: Client, mira: ChannelIdentity) -> None:
    page = box(pages, mira.profile_id)
    assert f'value="{mira.pk}" checked' in page.content.decode()
    assert "+1 555-010-0001" in words(page)
    assert "simulated: no sending credentials" in words(page)
    assert "Send on WhatsApp" in words(page)


def test_closed_window_says_why_and_another_address_is_chosen(
    pages: Client, mira: ChannelIdentity, born: Born, say: Say
) -> None:
    shop = ChannelAccount.objects.create(provider="webchat", channel=Channel.CHAT, name="Shop")
    chat = born("Mira Lind", account=shop, profile=mira.profile, address="visitor-1")
    say(chat, "Hello?", minute=-600)
    ChannelIdentity.objects.filter(pk=mira.pk).update(last_inbound_at=timezone.now() - timedelta(hours=25))
    page = box(pages, mira.profile_id)
    assert f'value="{chat.pk}" checked' in page.content.decode()
    assert "window closed" in words(page)
    assert "More than 24 hours since the customer wrote on WhatsApp" in words(page)
    assert f'value="{mira.pk}" checked' in box(pages, mira.profile_id, channel_identity=mira.pk).content.decode()


def test_customer_known_to_the_shop_only_has_no_box(pages: Client, born: Born, line: ChannelAccount) -> None:
    store = ChannelAccount.objects.create(provider="trusted_server", channel=Channel.STORE, name="shop")
    row = born("Mira Lind", account=store, address="42", reply_refusal="store")
    assert "no address that can be answered" in words(box(pages, row.profile_id))


def post(pages: Client, mira: ChannelIdentity, text: str, **more: Any) -> Any:
    body = {"channel_identity": mira.pk, "text": text, **more}
    return pages.post(f"/customers/{mira.profile_id}/answer/", body, headers=HTMX)


def test_answer_comes_back_as_the_timeline_shows_it(pages: Client, mira: ChannelIdentity, agent: StaffMember) -> None:
    told = post(pages, mira, "On its way.\r\nYours")
    entry = Entry.objects.get(direction="out")
    assert told.status_code == 201
    assert f'id="e-{entry.pk}"' in told.content.decode()
    assert "Ana Duarte" in words(told)
    assert entry.text == "On its way.\nYours"
    assert entry.detail["by"] == {"id": agent.pk, "name": "Ana Duarte"}


def test_double_click_is_one_message(pages: Client, mira: ChannelIdentity) -> None:
    first, second = post(pages, mira, "Hi", key="k"), post(pages, mira, "Hi", key="k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert OutboxMessage.objects.count() == 1


def test_colleagues_answer_is_shown_before_sending(pages: Client, mira: ChannelIdentity) -> None:
    seen = Entry.objects.latest("id").pk
    nora = StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, name="Nora Holm")
    draft = Draft(channel_identity_id=mira.pk, text="<b>It is in Hamburg</b>")
    answered = send(mira.profile_id, draft, Wish(author=nora))
    told = post(pages, mira, "I shall look.", last_seen_entry=seen)
    page = told.content.decode()
    assert told.status_code == 409
    assert f'data-newest="{answered.pk}"' in page
    assert "Nora Holm answered just now" in words(told)
    assert "<b>" not in page
    assert post(pages, mira, "I shall look.", last_seen_entry=answered.pk).status_code == 201


def test_empty_text_and_a_foreign_address_are_refused_in_words(pages: Client, mira: ChannelIdentity) -> None:
    told = post(pages, mira, "  ")
    assert (told.status_code, "write something first" in words(told)) == (422, True)
    told = post(pages, mira, "Hi", channel_identity=2**50)
    assert told.status_code == 422
    assert not OutboxMessage.objects.exists()


def test_without_the_script_the_box_is_a_page_and_sending_leads_back(pages: Client, mira: ChannelIdentity) -> None:
    assert "Send on WhatsApp" in words(pages.get(f"/customers/{mira.profile_id}/composer/"))
    told = pages.post(f"/customers/{mira.profile_id}/answer/", {"channel_identity": mira.pk, "text": "Hi"})
    assert (told.status_code, told["Location"]) == (302, f"/customers/{mira.profile_id}/")


def fail(entry: Entry) -> None:
    Entry.objects.filter(pk=entry.pk).update(delivery="failed", detail={**entry.detail, "errors": [{"code": 131026}]})
    OutboxMessage.objects.update(state="failed")


def test_failed_message_can_be_sent_again_or_another_way_once(
    pages: Client, mira: ChannelIdentity, born: Born, say: Say
) -> None:
    shop = ChannelAccount.objects.create(provider="webchat", channel=Channel.CHAT, name="Shop")
    chat = born("Mira Lind", account=shop, profile=mira.profile, address="visitor-1")
    say(chat, "Hello?", minute=-600)
    post(pages, mira, "On its way.")
    failed = Entry.objects.get(direction="out")
    fail(failed)
    page = pages.get(f"/inbox/all/{mira.profile_id}/").content.decode()
    assert f'data-again="/messages/{failed.pk}/again/"' in page
    told = post(pages, chat, "On its way, by chat.", replaces=failed.pk)
    assert told.status_code == 201
    newer = Entry.objects.get(channel_identity=chat, direction="out")
    assert (newer.detail["replaces"], newer.delivery) == (failed.pk, "sent")
    page = pages.get(f"/inbox/all/{mira.profile_id}/").content.decode()
    assert "data-again" not in page
    assert f'href="#e-{newer.pk}"' in page
    refused = pages.post(f"/messages/{failed.pk}/again/", {}, headers=HTMX)
    assert (refused.status_code, "sent again already" in words(refused)) == (422, True)


def test_send_again_answers_with_the_new_message(pages: Client, mira: ChannelIdentity) -> None:
    post(pages, mira, "On its way.")
    failed = Entry.objects.get(direction="out")
    fail(failed)
    told = pages.post(f"/messages/{failed.pk}/again/", {"last_seen_entry": ""}, headers=HTMX)
    assert told.status_code == 201, words(told)
    assert Entry.objects.filter(direction="out").count() == 2


def test_box_costs_few_queries_however_many_addresses(
    pages: Client, mira: ChannelIdentity, born: Born, whatsapp: ChannelAccount, django_assert_max_num_queries: Any
) -> None:
    for number in range(40):
        born("Mira Lind", account=whatsapp, profile=mira.profile, address=f"1555020{number:04}")
    with django_assert_max_num_queries(14):
        page = box(pages, mira.profile_id)
    assert page.content.decode().count('type="radio"') == 12
