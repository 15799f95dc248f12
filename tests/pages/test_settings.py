"""Settings: the lines and how they are, their deliveries, and the team."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_ingest.accounts import connect
from channels_ingest.line_health import health_of, webhook_url_of
from channels_ingest.models import Envelope, IntakeCount
from profiles.models import ApiToken, ChannelAccount, LoginLink, Role, StaffMember

FOREIGN = b"{}"


@pytest.fixture
def admin(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("admin@example.com", role=Role.ADMIN, name="Ada")


@pytest.fixture
def office(client: Client, admin: StaffMember) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def texts(db: None) -> ChannelAccount:
    values = {"auth_token": "t", "account_sid": "AC1", "from": "+12025550111"}
    return connect("sms_twilio", name="Texts <1>", values=values)


def came(account: ChannelAccount, *hours_ago: float, state: str = "processed") -> list[Envelope]:
    now = timezone.now()
    return [
        Envelope.objects.create(
            account=account,
            delivery_key=f"{account.pk}.{hours}.{state}",
            body=FOREIGN,
            received_at=now - timedelta(hours=hours),
            state=state,
        )
        for hours in sorted(hours_ago, reverse=True)
    ]


def state_of(account: ChannelAccount) -> tuple[str, str]:
    [health] = health_of([account])
    return health.state, health.words


def test_state_is_told_in_words_of_the_lines_own_pace(texts: ChannelAccount) -> None:
    assert state_of(texts) == ("waiting", "Waiting for first event")
    came(texts, *[3 + n / 15 for n in range(20)])
    assert state_of(texts) == ("silent", "Silent for 3 h (usual gap 4 min)")
    came(texts, 0.01)
    assert state_of(texts) == ("receiving", "Receiving")
    texts.is_enabled = False
    assert state_of(texts) == ("off", "Switched off")


def test_refused_signatures_are_counted_and_said(texts: ChannelAccount) -> None:
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    IntakeCount.objects.create(account=texts, hour=hour, outcome="refused", count=7)
    IntakeCount.objects.create(account=texts, hour=hour - timedelta(hours=30), outcome="refused", count=90)
    [health] = health_of([texts])
    assert (health.state, health.refused) == ("refusing", 7)
    IntakeCount.objects.filter(hour=hour).update(hour=hour - timedelta(hours=3))
    came(texts, 0.5)
    assert state_of(texts)[0] == "receiving"


def test_line_of_slow_pace_is_not_called_silent(texts: ChannelAccount) -> None:
    came(texts, *[30 + 24 * n for n in range(12)])
    assert state_of(texts)[0] == "receiving"
    few = connect("generic_signed", name="Few", values={"secret": "whsec_" + "A" * 32})
    came(few, 200, 300)
    assert state_of(few)[0] == "receiving"


def test_lists_show_addresses_to_copy_and_facts(office: Client, texts: ChannelAccount) -> None:
    came(texts, 1, 2)
    came(texts, 3, state="dead")
    page = office.get("/settings/channels/").content.decode()
    assert "Texts &lt;1&gt;" in page
    assert f'data-copy="{webhook_url_of(texts)}"' in page
    assert "1 of the last 3 (33 %)" in page
    chat = connect("webchat", name="Chat", values={"allowed_origins": "https://shop.example"})
    assert webhook_url_of(chat) == ""


def test_queries_do_not_grow_with_lines(
    office: Client, texts: ChannelAccount, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        connect("generic_signed", name=f"Line {number}", values={"secret": "whsec_" + "A" * 32})
    with django_assert_max_num_queries(12):
        office.get("/settings/channels/")


def test_delivery_is_replayed_by_admins_alone(office: Client, texts: ChannelAccount) -> None:
    [dead] = came(texts, 1, state="dead")
    page = office.get(f"/settings/channels/{texts.pk}/").content.decode()
    assert "Given up after five tries, kept" in page
    url = f"/settings/channels/{texts.pk}/replay/{dead.pk}/"
    assert f'action="{url}"' in page
    lead = Client()
    lead.force_login(StaffMember.objects.create_staff("lead@example.com", role=Role.LEAD))
    assert 'action="/settings/channels' not in lead.get(f"/settings/channels/{texts.pk}/").content.decode()
    assert lead.post(url).status_code == 403
    assert office.post(url).status_code == 302
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("received", 0)
    assert office.post(f"/settings/channels/{texts.pk}/replay/{2**63}/").status_code == 404
    other = connect("generic_signed", name="Other", values={"secret": "whsec_" + "A" * 32})
    assert office.post(f"/settings/channels/{other.pk}/replay/{dead.pk}/").status_code == 404


def test_agents_are_told_whom_to_ask(pages: Client) -> None:
    assert pages.get("/settings/")["Location"] == "/me/"
    assert pages.get("/settings/channels/").status_code == 403
    assert pages.get("/settings/team/").status_code == 403
    assert pages.post("/settings/team/", {"email": "x@example.com", "role": "admin"}).status_code == 403
    assert not StaffMember.objects.filter(email="x@example.com").exists()


def test_admin_adds_a_colleague_by_a_link_that_is_shown_once(office: Client) -> None:
    answer = office.post("/settings/team/", {"email": "New@Example.com", "name": "Noor", "role": "lead"})
    page = answer.content.decode()
    member = StaffMember.objects.get(email="new@example.com")
    assert (member.role, member.name) == ("lead", "Noor")
    link = re.search(r"/login/link/([^/<]+)/", page)
    assert link is not None
    assert link[0] not in office.get("/settings/team/").content.decode()
    guest = Client()
    assert guest.post(link[0]).status_code == 302
    assert guest.get("/me/").status_code == 200
    again = office.post("/settings/team/", {"email": "new@example.com", "role": "agent"})
    assert (again.status_code, LoginLink.objects.count()) == (422, 1)
    for odd in ({"email": "x", "role": "agent"}, {"email": "y@example.com", "role": "ingest"}):
        assert office.post("/settings/team/", odd).status_code == 422


def test_role_and_standing_change_and_open_pages_end(office: Client, agent: StaffMember) -> None:
    token = ApiToken.issue(agent, Role.AGENT)
    theirs = Client()
    theirs.force_login(agent)
    url = f"/settings/team/{agent.pk}/"
    office.post(url, {"role": "lead"})
    agent.refresh_from_db()
    assert (agent.role, agent.access_revision) == ("lead", 1)
    office.post(url, {"role": "ingest"})
    office.post(url, {"role": "king"})
    agent.refresh_from_db()
    assert (agent.role, agent.access_revision) == ("lead", 1)
    office.post(url, {"active": "off"})
    agent.refresh_from_db()
    assert (agent.is_active, agent.access_revision) == (False, 2)
    assert theirs.get("/me/").status_code == 302
    assert Client().get("/api/v1/queue/", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    office.post(url, {"link": "1"})
    assert not LoginLink.objects.filter(member=agent).exists()
    office.post(url, {"active": "on"})
    agent.refresh_from_db()
    assert agent.is_active
    assert theirs.get("/me/").status_code == 302


def test_last_admin_stays_one(office: Client, admin: StaffMember) -> None:
    url = f"/settings/team/{admin.pk}/"
    for change in ({"role": "agent"}, {"active": "off"}):
        page = office.post(url, change, follow=True).content.decode()
        assert "This is the last admin." in page
    admin.refresh_from_db()
    assert (admin.role, admin.is_active) == (Role.ADMIN, True)
    second = StaffMember.objects.create_staff("second@example.com", role=Role.ADMIN)
    office.post(f"/settings/team/{second.pk}/", {"role": "agent"})
    second.refresh_from_db()
    assert second.role == Role.AGENT
    assert office.post(f"/settings/team/{2**63}/", {"role": "agent"}).status_code == 404
