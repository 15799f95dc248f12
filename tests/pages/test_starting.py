"""The sheets that start a conversation and add an address, as an agent uses them."""

from typing import Any

import pytest
from django.test import Client

from channels_ingest.accounts import connect
from channels_ingest.starting.addressing import typed_on
from channels_ingest.starting.conversation import add
from profiles.models import ChannelAccount, ChannelIdentity, Operation, StaffMember
from tests.pages.identity_cast import Town, town

__all__ = ["town"]
NUMBER = "+46701740622"
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def texts(db: None) -> ChannelAccount:
    return connect("sms_twilio", name="Texts", values={"auth_token": "t", "account_sid": "AC1", "from": "+12025550111"})


def test_sheet_finds_customers_and_offers_to_write_to_a_new_number(
    pages: Client, town: Town, texts: ChannelAccount
) -> None:
    town.claim()
    found = pages.get("/customers/new/", {"q": "mira"}, headers=FRAGMENT).content.decode()
    assert "Mira Lind" in found
    assert "<form" not in found
    number = pages.get("/customers/new/", {"q": NUMBER}, headers=FRAGMENT).content.decode()
    assert f"Write to {NUMBER}" in number
    assert 'name="line"' in number
    whole = pages.get("/customers/new/").content.decode()
    assert "New conversation" in whole
    assert "<html" in whole


def test_new_number_makes_a_customer_and_opens_the_box_on_it(pages: Client, texts: ChannelAccount) -> None:
    answer = pages.post("/customers/new/", {"q": NUMBER, "line": texts.pk, "name": "Tomas <b>"})
    identity = ChannelIdentity.objects.get()
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/inbox/all/{identity.profile_id}/?to={identity.pk}",
    )
    page = pages.get(answer["Location"]).content.decode()
    assert "Tomas &lt;b&gt;" in page
    assert f"composer/?channel_identity={identity.pk}&amp;focus=1" in page
    box = pages.get(f"/customers/{identity.profile_id}/composer/?channel_identity={identity.pk}").content.decode()
    assert "+46 70 174 06 22" in box
    again = pages.post("/customers/new/", {"q": NUMBER, "line": texts.pk})
    assert again["Location"] == answer["Location"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"q": "0701740622"}, "Write the number with its country code"),
        ({"q": NUMBER, "line": "99999"}, "This line cannot be written from now."),
        ({"q": "", "line": ""}, "Choose a line and write down whom it is to reach."),
        ({"q": "mira@lindhaus.de"}, "This is no phone number."),
    ],
)
def test_what_cannot_be_is_said_in_words(
    pages: Client, texts: ChannelAccount, said: dict[str, Any], words: str
) -> None:
    answer = pages.post("/customers/new/", {"line": texts.pk, **said})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ChannelIdentity.objects.exists()


def test_address_is_added_and_its_agent_can_take_it_back(
    pages: Client, town: Town, texts: ChannelAccount, agent: StaffMember
) -> None:
    _one, other = town.claim()
    mira = town.profile(other)
    answer = pages.post(
        f"/customers/{mira}/addresses/new/", {"q": NUMBER, "line": texts.pk, "reason": "told me"}, follow=True
    )
    page = answer.content.decode()
    operation = Operation.objects.get()
    assert (operation.verb, operation.actor, operation.reason) == ("add", agent, "told me")
    assert "Nobody else joins this customer by it." in page
    assert f'action="/merges/log/{operation.pk}/undo/"' in page
    seat = ChannelIdentity.objects.get(address=NUMBER)
    assert seat.profile_id == mira
    undone = pages.post(f"/merges/log/{operation.pk}/undo/", {"next": f"/inbox/all/{mira}/"})
    assert undone.status_code == 302
    seat.refresh_from_db()
    assert seat.profile_id == seat.pk


def test_agent_undoes_nobody_elses_word(pages: Client, town: Town, texts: ChannelAccount) -> None:
    one, _ = town.claim()
    started = add(town.profile(one), typed_on(texts, NUMBER), actor=town.lead)
    assert pages.post(f"/merges/log/{started.operation}/undo/").status_code == 403
    assert pages.post("/merges/log/999999/undo/").status_code == 403


def test_address_of_another_customer_is_not_taken_but_compared(
    client: Client, town: Town, texts: ChannelAccount
) -> None:
    one, other = town.claim(number="46701740633")
    client.force_login(town.lead)
    mira, twin = town.profile(one), town.profile(other)
    answer = client.post(f"/customers/{twin}/addresses/new/", {"q": "+46701740633", "line": texts.pk})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This address belongs to another customer already." in page
    assert f"/merges/compare/{twin}/{mira}/" in page
    assert not Operation.objects.exists()
