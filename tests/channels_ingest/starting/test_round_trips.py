"""Staff write first, on each provider; the customer answers through the simulator, and it is one timeline."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from channels_ingest import pipeline
from channels_ingest.accounts import connect, settings_of
from channels_ingest.models import SimulatedMessage
from channels_ingest.simulator import reporting
from channels_ingest.simulator.lines import webhook_url
from channels_ingest.simulator.plays.base import Person
from profiles.models import ChannelIdentity, StaffMember
from tests.channels_ingest.conformance.providers import DESCRIPTIONS
from tests.channels_ingest.sending.conftest import at_once, bearer, nora, simulated, work
from timeline.models import Entry

__all__ = ["nora", "simulated"]
pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = "+46701740611"
#: What the agent types, and how the customer's own messages name them.
TYPED = {
    "generic_signed": (NUMBER, NUMBER),
    "sms_twilio": ("+46 70 174 06 11", NUMBER),
    "sms_vonage": ("0046 701740611", NUMBER.removeprefix("+")),
    "whatsapp_cloud": (NUMBER, NUMBER.removeprefix("+")),
    "whatsapp_twilio": (NUMBER, NUMBER),
    "email_mime": ("Mira@Lindhaus.example", "mira@lindhaus.example"),
    "email_postmark": ("mira@lindhaus.example", "mira@lindhaus.example"),
    "email_mailgun": ("mira@lindhaus.example", "mira@lindhaus.example"),
    "email_sendgrid": ("mira@lindhaus.example", "mira@lindhaus.example"),
    "email_ses": ("mira@lindhaus.example", "mira@lindhaus.example"),
}
TEMPLATE = {"name": "hello", "language": "en", "parameters": []}


@pytest.mark.parametrize("provider", TYPED)
def test_answer_comes_to_the_customer_whom_staff_made(
    provider: str, client: Client, nora: StaffMember, simulated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once(monkeypatch)
    typed, address = TYPED[provider]
    of = DESCRIPTIONS[provider]
    account = connect(provider, name="Line", values=of.values)
    headers = bearer(nora)

    made: Any = client.post(
        "/api/v1/profiles/",
        {"name": "Mira Lind", "addresses": [{"account": "Line", "address": typed}]},
        content_type="application/json",
        headers=headers,
    )
    assert made.status_code == 201, made.content
    identity = ChannelIdentity.objects.get(id=made.json()["channel_identity"])
    assert (identity.address, identity.standing) == (address, "proved")
    assert [row.grade for row in identity.sightings.all()] == ["claimed"]

    body: dict[str, Any] = {"channel_identity": identity.pk, "text": "Your parcel is here."}
    if identity.account.channel == "whatsapp":
        refused = client.post(
            f"/api/v1/profiles/{identity.profile_id}/messages/", body, content_type="application/json", headers=headers
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "window")
        body |= {"text": "", "template": TEMPLATE}
    sent: Any = client.post(
        f"/api/v1/profiles/{identity.profile_id}/messages/", body, content_type="application/json", headers=headers
    )
    assert sent.status_code == 201, sent.content
    work()
    assert SimulatedMessage.objects.get().to == address

    assert of.play is not None
    post = of.play.incoming(
        Person(address=address, name="Mira"),
        "Thank you!",
        datetime.now(UTC),
        settings_of(account),
        webhook_url=webhook_url(account),
    )
    assert reporting.deliver(post)
    pipeline.drain()
    talk = Entry.objects.filter(kind="message").select_related("channel_identity")
    assert {entry.direction for entry in talk} == {"in", "out"}
    assert {entry.channel_identity.profile_id for entry in talk} == {identity.profile_id}
    assert {entry.channel_identity_id for entry in talk} == {identity.pk}
    assert identity.profile.display_name == "Mira Lind"
