"""Marketing that is queued before the customer's STOP: what is in the inbox counts before anything is sent."""

import time

import pytest
from django.utils import timezone

from channels_ingest import pipeline
from channels_ingest.models import Envelope, OutboxMessage
from channels_ingest.sending.courier import send_due
from channels_ingest.sending.heeding import has_heard
from profiles.models import ChannelIdentity, StaffMember
from tests.channels_ingest.sending.conftest import Answer, the_answer, the_message
from tests.conftest import Deliver, whatsapp_text
from timeline.consents import write_down

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketing(answer: Answer, mira: ChannelIdentity, nora: StaffMember) -> OutboxMessage:
    """A newsletter that Mira agreed to, queued and not sent."""
    write_down(mira, "marketing", actor=nora, reason="asked for it")
    assert answer("Our new tents", purpose="marketing").status_code == 201
    return the_message()


def stop(deliver: Deliver) -> None:
    said = whatsapp_text("STOP", wamid="in.2", at=int(time.time()) + 1)
    assert deliver(said).status_code == 200


def test_stop_that_is_still_in_the_inbox_holds_marketing_and_then_ends_it(
    marketing: OutboxMessage, deliver: Deliver
) -> None:
    stop(deliver)
    assert send_due() == 1
    message = the_message()
    assert (message.state, message.fault_code) == ("queued", "inbox_behind")
    assert the_answer().detail["delay"] == "an opt-out may be among what the line has yet to read"
    pipeline.drain()
    OutboxMessage.objects.update(next_attempt_at=timezone.now())
    assert send_due() == 1
    message = the_message()
    assert (message.state, message.fault_code) == ("failed", "marketing_opted_out")


def test_stop_that_was_read_ends_what_was_queued_before_it(marketing: OutboxMessage, deliver: Deliver) -> None:
    stop(deliver)
    pipeline.drain()
    assert send_due() == 1
    assert (the_message().state, the_message().fault_code) == ("failed", "marketing_opted_out")


def test_answer_to_the_customer_does_not_wait_for_the_inbox(answer: Answer, deliver: Deliver) -> None:
    assert answer("On its way").status_code == 201
    stop(deliver)
    assert send_due() == 1
    assert the_message().fault_code != "inbox_behind"


def test_delivery_that_nobody_works_any_more_holds_nothing_up(mira: ChannelIdentity, deliver: Deliver) -> None:
    assert has_heard(mira.account_id)
    stop(deliver)
    assert not has_heard(mira.account_id)
    assert has_heard(mira.account_id + 1)
    Envelope.objects.filter(state="received").update(state="dead")
    assert has_heard(mira.account_id)
