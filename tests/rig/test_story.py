"""One customer on every channel, through the real web server, with each provider played and its signatures checked."""

import time
from typing import Any

import httpx
import pytest

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.models import OutboxMessage, SimulatedMessage
from channels_ingest.sending.composing import send
from channels_ingest.sending.courier import send_due
from channels_ingest.sending.lines import ALWAYS_SIMULATED
from channels_ingest.sending.wishes import Draft, Wish
from channels_ingest.simulator import reporting
from channels_ingest.simulator.heroes import HEROES, Act
from channels_ingest.simulator.posting import ShopPoster
from channels_ingest.simulator.staging import Stage
from profiles.models import ApiToken, ChannelAccount, ChannelIdentity, Profile, Role, StaffMember
from timeline.models import Entry, QueueRow

AOIFE = HEROES[0]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lines(live_server: Any, settings: Any) -> dict[str, ChannelAccount]:
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = live_server.url
    wanted = {
        "whatsapp": ("whatsapp_cloud", {"app_secret": "hush", "verify_token": "hm"}),
        "sms": ("sms_twilio", {"auth_token": "hush" * 8, "from": "+46701740699"}),
        "email": ("email_postmark", {"password": "hush" * 8, "from": "help@lindqvist.example"}),
        "chat": ("webchat", {"allowed_origins": live_server.url, "identity_secret": "hush" * 8}),
    }
    found = {}
    for channel, (provider, values) in wanted.items():
        found[channel] = connect(provider, name=f"Line {channel}", values=values)
        found[channel].settings[ALWAYS_SIMULATED] = "yes"
        found[channel].save()
    return found


@pytest.fixture
def nora(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, name="Nora Holm")


@pytest.fixture
def stage(lines: dict[str, ChannelAccount], nora: StaffMember, live_server: Any) -> Stage:
    server = StaffMember.objects.create_staff("shop@example.com", role=Role.INGEST)
    with httpx.Client(trust_env=False) as client:
        shop = ShopPoster(live_server.url, ApiToken.issue(server, Role.INGEST), client=client)
        yield Stage(lines=lines, agent=nora, shop=shop, client=client, settled=work)


def work() -> None:
    """Everything posted is read, everything answered is sent."""
    pipeline.drain()
    send_due()
    time.sleep(1.0)  # Meta tells times in whole seconds


def settle() -> None:
    """And everything sent is reported."""
    work()
    until = time.monotonic() + 20
    while not reporting.is_idle() and time.monotonic() < until:
        while reporting.report_one():
            pass
        pipeline.drain()


def test_customer_on_every_channel_is_one_timeline(stage: Stage, lines: dict[str, ChannelAccount]) -> None:
    stage.perform([AOIFE])
    assert stage.failed == 0
    said = {beat.text for beat in AOIFE.beats if beat.act in (Act.CHATS, Act.WHATSAPP, Act.TEXTS, Act.MAILS)}
    entries = list(Entry.objects.order_by("occurred_at", "id").select_related("account", "channel_identity"))
    assert {entry.channel_identity.profile_id for entry in entries} == {
        Profile.objects.get(display_name="Aoife Byrne").pk
    }
    messages = [(e.account.channel, e.direction) for e in entries if e.kind == "message"]
    assert messages == [
        ("chat", "in"),
        ("chat", "out"),
        ("whatsapp", "in"),
        ("whatsapp", "out"),
        ("sms", "in"),
        ("email", "in"),
    ]
    assert said == {entry.text for entry in entries if entry.direction == "in" and entry.kind == "message"}
    assert entries[0].kind == "page_view"
    texted = next(entry for entry in entries if entry.account.channel == "sms")
    assert QueueRow.objects.get().waiting_since == texted.occurred_at  # one clock, since the first unanswered of all


def test_answer_on_each_channel_reaches_the_right_address_and_is_reported(
    stage: Stage, lines: dict[str, ChannelAccount], nora: StaffMember
) -> None:
    stage.perform([AOIFE])
    profile = Profile.objects.get(display_name="Aoife Byrne")
    for channel, line in lines.items():
        identity = ChannelIdentity.objects.get(account=line)
        answered = send(profile.pk, Draft(channel_identity_id=identity.pk, text=f"By {channel}."), Wish(author=nora))
        assert answered.direction == "out"
    settle()
    got = {
        row.account.channel: row.to
        for row in SimulatedMessage.objects.filter(text__contains="By ").select_related("account")
    }
    assert got == {"whatsapp": "447700900417", "sms": "+447700900417", "email": "aoife@byrne.example"}
    delivery = dict(Entry.objects.filter(text__startswith="By ").values_list("account__channel", "delivery"))
    assert delivery == {"whatsapp": "read", "sms": "delivered", "email": "delivered", "chat": "sent"}
    assert not OutboxMessage.objects.exclude(state="sent").exists()
    assert QueueRow.objects.get().waiting_since is None


def test_forged_mail_is_somebody_else_and_claim_is_no_proof(stage: Stage, lines: dict[str, ChannelAccount]) -> None:
    stage.perform(HEROES)
    assert stage.failed == 0
    forged = Entry.objects.get(detail__subject="Address change")
    jonas = Entry.objects.get(detail__subject="Reißverschluss klemmt")
    assert forged.channel_identity.address == jonas.channel_identity.address
    assert forged.channel_identity.profile_id != jonas.channel_identity.profile_id
    assert forged.sender_grade == "claimed"
    yuki = Entry.objects.get(detail__subject="Shipping to Japan").channel_identity.profile_id
    visitor = Entry.objects.get(text__startswith="Hello again").channel_identity
    assert visitor.profile_id != yuki
    assert visitor.profile.display_name.startswith("Visitor ")
