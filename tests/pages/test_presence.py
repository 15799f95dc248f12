"""Who looks at a customer and who writes: in Valkey for seconds, told by ids, never in the way."""

import json
from typing import Any

import pytest
import redis
from django.test import Client

from profiles.models import Role, StaffMember
from tests.pages.conftest import PASSWORD
from timeline import presence
from timeline.live import Bus
from timeline.nudges import CHANNEL
from timeline.presence import Place, Present


@pytest.fixture(autouse=True)
def _nobody_is_here(settings: Any, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(presence, "_bus", Bus(fault="presence not told", pause_seconds=2.0))
    redis.Redis.from_url(settings.REDIS_URL).delete(presence._key())


@pytest.fixture
def ben(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("ben@example.com", role=Role.AGENT, password=PASSWORD, name="Ben Okafor")


def test_colleagues_on_a_customer_are_named_writers_first(agent: StaffMember, ben: StaffMember) -> None:
    presence.note(agent.pk, "one", 2001)
    presence.note(ben.pk, "one", 2001, is_writing=True, channel="email")
    presence.note(ben.pk, "two", 2002)
    ana = Present(agent.pk, "Ana Duarte", is_writing=False, channel="")
    assert presence.present([2001, 2002, 2003]) == {
        2001: [Present(ben.pk, "Ben Okafor", is_writing=True, channel="email"), ana],
        2002: [Present(ben.pk, "Ben Okafor", is_writing=False, channel="")],
    }
    assert presence.present([2001], without=ben.pk) == {2001: [ana]}


def test_two_tabs_of_one_agent_are_one_and_the_last_to_close_counts(agent: StaffMember) -> None:
    presence.note(agent.pk, "one", 2001)
    presence.note(agent.pk, "two", 2001, is_writing=True, channel="sms")
    assert presence.places() == [Place(agent.pk, 2001, is_writing=True, channel="sms")]
    presence.leave(agent.pk, "two")
    assert presence.places() == [Place(agent.pk, 2001, is_writing=False, channel="")]
    presence.leave(agent.pk, "one")
    assert presence.places() == []


def test_who_goes_on_to_the_next_customer_has_left_the_one_before(agent: StaffMember) -> None:
    presence.note(agent.pk, "one", 2001)
    presence.note(agent.pk, "one", 2002)
    assert presence.places() == [Place(agent.pk, 2002, is_writing=False, channel="")]


def test_a_tab_that_says_nothing_more_is_gone_after_45_seconds(
    agent: StaffMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr(presence.time, "time", lambda: clock[0])
    presence.note(agent.pk, "one", 2001, is_writing=True)
    clock[0] += 30
    assert presence.places() == [Place(agent.pk, 2001, is_writing=False, channel="")]
    clock[0] += 14
    assert len(presence.places()) == 1
    clock[0] += 2
    assert presence.places() == []


def test_only_changes_are_told_and_only_ids(agent: StaffMember, settings: Any) -> None:
    told = redis.Redis.from_url(settings.REDIS_URL).pubsub(ignore_subscribe_messages=True)
    told.subscribe(CHANNEL)
    told.get_message(timeout=1)
    presence.note(agent.pk, "one", 2001)
    presence.note(agent.pk, "one", 2001)
    presence.note(agent.pk, "one", 2001, is_writing=True, channel="email")
    presence.note(agent.pk, "one", 2002)
    presence.leave(agent.pk, "one")
    heard = []
    while message := told.get_message(timeout=0.3):
        data = json.loads(message["data"])
        if data.get("m") == agent.pk:
            heard.append(data)
    me = {"m": agent.pk}
    assert heard == [
        {"p": 2001, **me, "s": "looks", "ch": ""},
        {"p": 2001, **me, "s": "writes", "ch": "email"},
        {"p": 2001, **me, "s": "gone"},
        {"p": 2002, **me, "s": "looks", "ch": ""},
        {"p": 2002, **me, "s": "gone"},
    ]


def test_without_valkey_nobody_is_present_and_pages_go_on(pages: Client, agent: StaffMember, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert pages.post("/customers/2001/presence/", {"tab": "one"}).status_code == 204
    assert presence.present([2001]) == {}
    assert pages.get("/presence/").json()["here"] == []


def test_pages_say_and_learn_it_by_session_only(pages: Client, agent: StaffMember, ben: StaffMember) -> None:
    assert Client().post("/customers/2001/presence/", {"tab": "one"}).status_code == 302
    presence.note(ben.pk, "one", 2001, is_writing=True, channel="email")
    said = {"tab": "abc", "is_writing": "1", "channel": "nonsense"}
    assert pages.post("/customers/2001/presence/", said).status_code == 204
    answer = pages.get("/presence/").json()
    assert answer["here"] == [{"p": 2001, "m": ben.pk, "s": "writes", "ch": "email"}]
    assert answer["members"] == {str(agent.pk): "Ana Duarte", str(ben.pk): "Ben Okafor"}
    assert answer["channels"]["email"] == "E-mail"
    assert presence.present([2001], without=ben.pk) == {
        2001: [Present(agent.pk, "Ana Duarte", is_writing=True, channel="")]
    }
    pages.post("/customers/2001/presence/", {"tab": "abc", "gone": "1"})
    assert presence.places(without=ben.pk) == []


@pytest.mark.parametrize("tab", ["", "a b", "a" * 41, "1:2"])
def test_an_odd_tab_is_refused(pages: Client, tab: str) -> None:
    assert pages.post("/customers/2001/presence/", {"tab": tab}).status_code == 400
