"""The customer's side in the browser: what is written there comes in through the provider's own webhook."""

import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.sending.courier import send_due
from channels_ingest.simulator.devices import as_played, somebody_new
from profiles.models import ChannelAccount, ChannelIdentity, Role, StaffMember
from timeline.models import Entry

PLAYED = {"as": "form", "name": "Noor Haddad", "phone": "+44 7700 900123", "email": "noor@customer.example"}


@pytest.fixture
def nora(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, name="Nora Holm")


@pytest.fixture
def line(db: None) -> ChannelAccount:
    return connect("whatsapp_cloud", name="Orders", values={"app_secret": "hush", "verify_token": "hm"})


@pytest.fixture
def browser(client: Client, nora: StaffMember, settings: Any, tmp_path: Any) -> Client:
    settings.HAS_SIMULATOR_PAGE = True
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    client.force_login(nora)
    client.post(reverse("simulator-become"), PLAYED)
    return client


def test_page_is_not_there_unless_the_hub_was_started_for_play(browser: Client, line: Any, settings: Any) -> None:
    settings.HAS_SIMULATOR_PAGE = False
    urls = [
        ("simulator", []),
        ("simulator-thread", [line.pk]),
        ("simulator-write", [line.pk]),
        ("simulator-become", []),
    ]
    for name, arguments in urls:
        for ask in (browser.get, browser.post):
            assert ask(reverse(name, args=arguments)).status_code in (404, 405)


def test_strangers_are_asked_to_log_in(client: Client, line: ChannelAccount, settings: Any) -> None:
    settings.HAS_SIMULATOR_PAGE = True
    assert client.get(reverse("simulator")).status_code == 302
    assert client.post(reverse("simulator-write", args=[line.pk]), {"text": "hi"}).status_code == 302
    assert Entry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_customer_writes_and_reads_the_answer(
    browser: Client, line: ChannelAccount, nora: StaffMember, settings: Any, live_server: Any
) -> None:
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = live_server.url
    browser.post(reverse("simulator-write", args=[line.pk]), {"text": "هل وصل طلبي؟ 📦"})
    pipeline.drain()
    noor = ChannelIdentity.objects.get()
    assert noor.address == "447700900123"
    assert Entry.objects.get().text == "هل وصل طلبي؟ 📦"
    answer = {"channel_identity": noor.pk, "text": "It is on its way."}
    url = f"/api/v1/profiles/{noor.profile_id}/messages/"
    assert browser.post(url, answer, content_type="application/json").status_code == 201
    send_due()
    shown = browser.get(reverse("simulator-thread", args=[line.pk])).content.decode()
    assert shown.index("هل وصل طلبي؟ 📦") < shown.index("It is on its way.")
    page = browser.get(reverse("simulator")).content.decode()
    assert reverse("customer", args=[noor.profile_id]) in page


def test_hub_that_does_not_take_it_is_said(browser: Client, line: ChannelAccount, settings: Any) -> None:
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = "http://127.0.0.1:9"
    began = time.monotonic()
    answer = browser.post(reverse("simulator-write", args=[line.pk]), {"text": "Hello"})
    assert 'role="alert"' in answer.content.decode()
    assert time.monotonic() - began < 10


def test_empty_message_posts_nothing(browser: Client, line: ChannelAccount, settings: Any) -> None:
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = "http://127.0.0.1:9"
    answer = browser.post(reverse("simulator-write", args=[line.pk]), {"text": " \x00 "})
    assert 'role="alert"' not in answer.content.decode()


def test_line_with_credentials_is_nobodys_toy(browser: Client, line: ChannelAccount) -> None:
    connect("whatsapp_cloud", name="Orders", values={"access_token": "real", "phone_number_id": "1"})
    assert browser.post(reverse("simulator-write", args=[line.pk]), {"text": "Hello"}).status_code == 404
    assert "Orders" not in browser.get(reverse("simulator")).content.decode()


def test_line_of_the_demo_is_played_whatever_it_was_given(browser: Client, line: ChannelAccount) -> None:
    connect("whatsapp_cloud", name="Orders", values={"access_token": "real", "phone_number_id": "1"})
    line.refresh_from_db()
    line.settings["simulated"] = "yes"
    line.save()
    assert "Orders" in browser.get(reverse("simulator")).content.decode()


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {**PLAYED, "phone": "call me"},
        {**PLAYED, "email": "no mail"},
        {**PLAYED, "email": 'a"<b>@c'},
        {**PLAYED, "name": " "},
        "Noor",
    ],
)
def test_odd_customers_are_nobody(odd: Any) -> None:
    assert as_played(odd) is None


def test_new_customer_is_a_whole_one() -> None:
    new = somebody_new()
    assert as_played({"name": new.name, "phone": new.phone, "email": new.email}) == new
