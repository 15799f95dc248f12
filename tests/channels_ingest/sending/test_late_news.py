"""What is learned late of a message: a status after the last refusal, a second retry, a code that was over."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.adapters.sending import TryLater
from channels_ingest.models import OutboxMessage
from channels_ingest.sending import courier, outbox, outcomes
from profiles.models import ChannelAccount, ChannelIdentity, StaffMember
from tests.channels_ingest.sending.conftest import Answer, bearer, the_answer, the_message
from tests.conftest import Deliver, whatsapp_change
from timeline.entries import Delivery
from timeline.models import Entry

BUSY = TryLater(code="130429", reason="too many messages in a short time")


def told(message: OutboxMessage, state: str, wamid: str = "wamid.late") -> dict[str, object]:
    status = {"id": wamid, "status": state, "timestamp": str(int(timezone.now().timestamp()))}
    status |= {"recipient_id": "15550100001", "biz_opaque_callback_data": str(message.reference)}
    return whatsapp_change(statuses=[status])


def refused_for_good() -> OutboxMessage:
    """The provider said so often that it was busy that nobody asks again."""
    OutboxMessage.objects.update(attempts=len(outbox.RETRY_SECONDS))
    message = outbox.claim()
    assert message is not None
    assert outcomes.note(message.pk, BUSY, is_simulated=False) == "failed"
    return the_message()


def test_status_after_the_last_refusal_says_that_it_arrived(answer: Answer, deliver: Deliver) -> None:
    assert answer().status_code == 201
    message = refused_for_good()
    assert the_answer().delivery == Delivery.FAILED
    deliver(told(message, "delivered"))
    pipeline.drain()
    entry = the_answer()
    assert (entry.delivery, entry.provider_message_id) == ("delivered", "wamid.late")
    assert the_message().state == "sent"


def test_second_retry_is_the_same_one_after_the_first_message_arrived(
    client: Client, answer: Answer, deliver: Deliver, nora: StaffMember
) -> None:
    assert answer().status_code == 201
    message = refused_for_good()
    url, headers = f"/api/v1/messages/{message.entry_id}/retry/", bearer(nora)
    first = client.post(url, {}, content_type="application/json", headers=headers)
    deliver(told(message, "delivered"))
    pipeline.drain()
    second = client.post(url, {}, content_type="application/json", headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert OutboxMessage.objects.count() == 2


def test_message_that_arrived_is_not_sent_again(
    client: Client, answer: Answer, deliver: Deliver, nora: StaffMember
) -> None:
    assert answer().status_code == 201
    message = refused_for_good()
    deliver(told(message, "delivered"))
    pipeline.drain()
    url = f"/api/v1/messages/{message.entry_id}/retry/"
    refused = client.post(url, {}, content_type="application/json", headers=bearer(nora))
    assert (refused.status_code, refused.json()["code"]) == (422, "not_failed")


def test_template_on_a_line_without_templates_is_refused_at_once(answer: Answer, mira: ChannelIdentity) -> None:
    template = {"name": "hello", "language": "en", "parameters": []}
    assert answer(text="", template=template).status_code == 201
    OutboxMessage.objects.all().delete()
    texts = connect(
        "sms_twilio", name="Texts", values={"account_sid": "AC" + "0" * 32, "auth_token": "t" * 32, "from": "+15550001"}
    )
    ChannelAccount.objects.filter(id=texts.pk)
    seat = ChannelIdentity.objects.create(
        account=texts, address="+15550100001", profile_id=mira.profile_id, epoch_start=mira.epoch_start
    )
    refused = answer(text="", template=template, channel_identity=seat.pk)
    assert (refused.status_code, refused.json()["code"]) == (422, "template")
    assert OutboxMessage.objects.count() == 0


def test_claim_that_slept_with_its_machine_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    began = courier._Moment.now()
    assert began.seconds_ago() < 1
    assert began._replace(wall=began.wall - 31).seconds_ago() > courier.STALE_CLAIM_SECONDS  # suspended
    assert began._replace(monotonic=began.monotonic - 31, wall=began.wall + 3600).seconds_ago() > 30  # set back


@pytest.mark.parametrize(
    ("ahead", "is_after"), [(timedelta(seconds=0.4), True), (timedelta(minutes=9), True), (timedelta(days=9), False)]
)
def test_answer_stands_below_its_question_though_the_providers_clock_is_ahead(
    answer: Answer, mira: ChannelIdentity, ahead: timedelta, is_after: bool
) -> None:
    told = timezone.now() + ahead
    Entry.objects.filter(direction="in").update(occurred_at=told)
    ChannelIdentity.objects.filter(id=mira.pk).update(last_inbound_at=told)
    before = timezone.now()
    assert answer().status_code == 201
    written = the_answer().occurred_at
    if is_after:
        assert told < written < told + timedelta(seconds=5)
    else:  # a clock that is wrong by days leads nobody along
        assert before <= written <= timezone.now()
