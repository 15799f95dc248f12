"""Each provider that sends, from the customer's message to the last status of the answer, through the simulator."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from channels_ingest import pipeline
from channels_ingest.accounts import connect, settings_of
from channels_ingest.models import Envelope, SimulatedMessage
from channels_ingest.simulator import reporting
from channels_ingest.simulator.lines import webhook_url
from profiles.models import ChannelIdentity, StaffMember
from tests.channels_ingest.conformance.providers import DESCRIPTIONS
from tests.channels_ingest.sending.conftest import at_once, bearer, the_answer, work

pytestmark = pytest.mark.django_db(transaction=True)

PROVIDERS = ["generic_signed", "sms_twilio", "sms_vonage", "whatsapp_twilio"]
#: A code of each provider that closes the address, and the words an agent reads.
REFUSALS = {
    "generic_signed": ("42", "the simulator was told to refuse it"),
    "sms_twilio": ("21610", "the customer texted STOP to this line; only they can undo that, by texting START"),
    "sms_vonage": ("1170", "this is no number that can be texted"),
    "whatsapp_twilio": ("63024", "there is no WhatsApp user at this number"),
}
BOUNCES = {
    "generic_signed": ("43", "the phone is out of reach"),
    "sms_twilio": ("30005", "the network does not know this number: it may be out of use"),
    "sms_vonage": ("1190", "the network does not know this number: it may be out of use"),
    "whatsapp_twilio": ("30003", "the phone was off or out of reach for too long"),
}


class Talk:
    """A customer who has just written on a line without sending credentials, and Nora who answers."""

    def __init__(self, provider: str, client: Client, nora: StaffMember) -> None:
        of = DESCRIPTIONS[provider]
        assert of.play is not None
        assert of.person is not None
        self.account = connect(provider, name="Line", values=of.values)
        post = of.play.incoming(
            of.person,
            "Where is my parcel?",
            datetime.now(UTC),
            settings_of(self.account),
            webhook_url=webhook_url(self.account),
        )
        assert reporting.deliver(post)
        pipeline.drain()
        self.identity = ChannelIdentity.objects.get(address=of.person.address)
        self.client, self.headers = client, bearer(nora)

    def answer(self, text: str) -> HttpResponse:
        body = {"channel_identity": self.identity.pk, "text": text}
        url = f"/api/v1/profiles/{self.identity.profile_id}/messages/"
        return self.client.post(url, body, content_type="application/json", headers=self.headers)


@pytest.fixture(params=PROVIDERS)
def talk(
    request: pytest.FixtureRequest, client: Client, nora: StaffMember, simulated: str, monkeypatch: pytest.MonkeyPatch
) -> Talk:
    at_once(monkeypatch)
    return Talk(request.param, client, nora)


def test_answer_is_delivered_and_its_statuses_come_back(talk: Talk) -> None:
    told: Any = talk.answer("Olá 📦 & = %")
    assert told.status_code == 201, told.content
    work()
    entry, taken = the_answer(), SimulatedMessage.objects.get()
    assert (taken.to, taken.text) == (talk.identity.address, "Olá 📦 & = %")
    assert entry.delivery in ("delivered", "read")
    assert entry.provider_message_id == taken.message_id
    assert not Envelope.objects.exclude(state="processed").exists()


def test_refusal_is_told_in_words(talk: Talk) -> None:
    code, words = REFUSALS[talk.account.provider]
    assert talk.answer(f"#fail {code}").status_code == 201
    work()
    entry = the_answer()
    assert (entry.delivery, entry.detail["errors"][0]["message"]) == ("failed", words)


def test_failure_reported_later_is_told_in_words(talk: Talk) -> None:
    code, words = BOUNCES[talk.account.provider]
    assert talk.answer(f"#bounce {code}").status_code == 201
    work()
    entry = the_answer()
    assert (entry.delivery, entry.detail["errors"][0]["message"]) == ("failed", words)


@pytest.mark.parametrize("fault", ["#unordered", "#repeat", "#early", "#busy"])
def test_reports_in_any_order_and_number_end_the_same(talk: Talk, fault: str) -> None:
    if fault == "#busy":  # tried again after a pause, which is not waited for here
        assert talk.answer(fault).status_code == 201
        work()
        assert the_answer().delivery == "queued"
        return
    assert talk.answer(fault).status_code == 201
    work()
    assert the_answer().delivery in ("delivered", "read")
