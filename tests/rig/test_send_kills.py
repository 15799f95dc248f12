"""Whoever dies while sending: each message reaches the provider at most once unless it is marked unknown; none is lost.

Real processes and real SIGKILLs; the provider is the simulator in another process, which does not die.
CXHUB_RIG_MESSAGES sizes the random half, CXHUB_RIG_SEED repeats it.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.models import OutboxMessage, SimulatedMessage
from channels_ingest.sending import outbox
from channels_ingest.sending.composing import send
from channels_ingest.sending.wishes import Draft, Wish
from channels_ingest.simulator import reporting
from profiles.models import ChannelIdentity, Profile, Role, StaffMember
from timeline.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGES = int(os.environ.get("CXHUB_RIG_MESSAGES", "120"))
SEED = int(os.environ.get("CXHUB_RIG_SEED", str(random.randrange(10**6))))
CUSTOMERS = 12
SENDER = """
import sys, django
django.setup()
from channels_ingest.sending.courier import Courier, send_one
sender = Courier(send_one)
print("sending", flush=True)
import time
while True:
    sender.wake()
    time.sleep(0.05)
"""
STEPS = ["claimed", "rendered", "posted", "recorded"]


@pytest.fixture
def customers(db: None) -> list[ChannelIdentity]:
    secrets = {"app_secret": "rig", "verify_token": "rig"}
    account = connect("whatsapp_cloud", name="Rig", values=secrets)
    rows = []
    for number in range(5_001, 5_001 + CUSTOMERS):
        profile = Profile.objects.create(id=number)
        rows.append(
            ChannelIdentity.objects.create(
                id=number,
                account=account,
                address=f"1555010{number}",
                profile=profile,
                last_inbound_at=timezone.now(),
            )
        )
    return rows


@pytest.fixture
def environ(live_server: Any, settings: Any) -> dict[str, str]:
    """What a sender needs to work on the test's database and its simulator."""
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = live_server.url
    known = connection.settings_dict
    database = (
        f"postgresql://{known['USER']}:{known['PASSWORD']}@/{known['NAME']}?host={known['HOST']}&port={known['PORT']}"
    )
    return os.environ | {
        "DATABASE_URL": database,
        "REDIS_URL": django_settings.REDIS_URL,
        "SECRET_KEY": django_settings.SECRET_KEY,
        "PUBLIC_BASE_URL": live_server.url,
        "CXHUB_LOOPBACK_URL": live_server.url,
    }


def started(environ: dict[str, str], **more: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER], env=environ | more, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "sending\n"
    return process


def write(customers: list[ChannelIdentity], count: int) -> None:
    author = StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT)
    for number in range(count):
        customer = customers[number % len(customers)]
        draft = Draft(channel_identity_id=customer.pk, text=f"message {number}")
        send(customer.profile_id, draft, Wish(author=author))


def end_leases() -> None:
    """As if time had passed for those who died."""
    OutboxMessage.objects.filter(state="sending").update(claimed_at=timezone.now() - timezone.timedelta(hours=1))
    outbox.give_up_on_lost()


def read_reports() -> None:
    deadline = time.monotonic() + 60
    while not reporting.is_idle() and time.monotonic() < deadline:
        SimulatedMessage.objects.filter(next_step_at__isnull=False).update(next_step_at=timezone.now())
        while reporting.report_one():
            pass
        pipeline.drain()


def check(count: int, story: str) -> Counter[str]:
    """The promise; returns how the messages ended."""
    taken = Counter(SimulatedMessage.objects.values_list("reference", flat=True))
    rows = list(OutboxMessage.objects.select_related("entry"))
    assert len(rows) == count, f"lost; {story}"
    assert max(taken.values(), default=0) <= 1, f"sent twice; {story}"
    for row in rows:
        was_taken = taken[str(row.reference)] == 1
        assert row.state in ("sent", "unknown"), f"{row.state}; {story}"
        assert was_taken or row.state == "unknown", f"sent and not taken; {story}"
        if row.state == "sent":
            assert row.entry.provider_message_id == row.provider_message_id, story
            assert row.entry.delivery in ("sent", "delivered", "read"), f"{row.entry.delivery}; {story}"
        else:
            assert row.entry.delivery == "unknown", f"{row.entry.delivery}; {story}"
    return Counter(row.state for row in rows)


@pytest.mark.parametrize("step", STEPS)
def test_sender_that_dies_between_two_steps(
    customers: list[ChannelIdentity], environ: dict[str, str], step: str
) -> None:
    write(customers, 3)
    process = started(environ, CXHUB_KILL_SENDER_AT=f"{step}:2")
    assert process.wait(30) == -signal.SIGKILL
    end_leases()
    successor = started(environ)
    deadline = time.monotonic() + 30
    while not outbox.is_idle() and time.monotonic() < deadline:
        time.sleep(0.05)
    successor.kill()
    successor.wait()
    before = Counter(OutboxMessage.objects.values_list("state", flat=True))
    read_reports()
    ended = check(3, f"{step}: {before}")
    # A message that was not taken stays unknown; one that was is told by its status, which carries our reference.
    taken = SimulatedMessage.objects.count()
    assert ended == Counter({"sent": taken, "unknown": 3 - taken}) - Counter(), step
    assert Entry.objects.filter(direction="out").count() == 3


def test_senders_killed_at_random(customers: list[ChannelIdentity], environ: dict[str, str]) -> None:
    chance = random.Random(SEED)
    write(customers, MESSAGES)
    killed = 0
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        process = started(environ)
        time.sleep(chance.uniform(0.2, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += 1
        end_leases()
        if outbox.is_idle():
            break
    unknown = OutboxMessage.objects.filter(state="unknown").count()
    read_reports()
    story = f"seed {SEED}; {killed} senders killed; {unknown} unknown when they had died"
    ended = check(MESSAGES, story)
    print(f"{story}; in the end {dict(ended)}")
    assert killed > 1, story
