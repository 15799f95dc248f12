"""`simulate` and `demo` against a hub that answers over HTTP."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.servers.basehttp import WSGIRequestHandler

from channels_ingest import pipeline
from channels_ingest.models import Envelope
from profiles.models import ChannelAccount, ChannelIdentity, StaffMember
from timeline.models import Entry


@pytest.fixture
def hub(live_server: Any, settings: Any, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that listens; its workers work when `pipeline.drain` is called."""
    # Django's test server writes an answer in pieces, and each waits 40 ms for the acknowledgement of the one before.
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)
    settings.PUBLIC_BASE_URL = settings.LOOPBACK_URL = live_server.url


def run(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_simulated_customer_is_on_the_timeline(hub: None, whatsapp: ChannelAccount) -> None:
    said = run(
        "simulate",
        "--from",
        "+44 7700 900123",
        "--name",
        "Mira Lind",
        "--text",
        "Hallå 🎉",
        "--count",
        "3",
        "--rate",
        "500",
    )
    pipeline.drain()

    assert said.splitlines()[-1].startswith("3 of 3 accepted")
    assert [entry.text for entry in Entry.objects.all()] == ["Hallå 🎉"] * 3
    identity = ChannelIdentity.objects.get()
    assert identity.address == "447700900123"
    assert Entry.objects.filter(account=whatsapp).count() == 3


def test_simulate_stops_where_nobody_answers(
    whatsapp: ChannelAccount, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:9"  # discard: no hub listens there
    monkeypatch.setattr("cxhub.management.commands.simulate.PATIENCE_SECONDS", 0.0)
    with pytest.raises(CommandError, match="start the hub"):
        run("simulate", "--count", "3")


def test_simulate_says_what_is_missing(db: None) -> None:
    with pytest.raises(CommandError, match="no WhatsApp line is connected"):
        run("simulate")
    with pytest.raises(CommandError, match="no enabled line has this key"):
        run("simulate", "--account", "nobody")


def test_demo_fills_the_hub_once(hub: None) -> None:
    said = run("demo", "--wait", "0")
    pipeline.drain()
    first = (Envelope.objects.count(), Entry.objects.count(), ChannelIdentity.objects.count())
    password = next(line.split()[-1] for line in said.splitlines() if "nora@example.com" in line)

    assert Envelope.objects.exclude(state=Envelope.State.PROCESSED).count() == 0
    assert 1500 <= first[1] <= 2500
    assert _people_on_two_numbers() >= 10
    assert not Envelope.objects.filter(fault__startswith="refused").exists()
    bought = Entry.objects.filter(kind="order").values("channel_identity__profile")
    assert ChannelIdentity.objects.filter(profile__in=bought, account__channel="whatsapp").count() >= 20
    assert StaffMember.objects.get(email="nora@example.com").check_password(password)

    orders = ChannelAccount.objects.get(name__endswith="Orders")
    for forgotten in (False, True):  # told again as if the first time had been cut off at its very end
        if forgotten:
            del orders.settings["demo_told"]
            orders.save()
        said = run("demo", "--wait", "0")
        pipeline.drain()
        assert (Envelope.objects.count(), Entry.objects.count(), ChannelIdentity.objects.count()) == first
        assert "as before" in said


def _people_on_two_numbers() -> int:
    accounts_of: dict[int, set[int]] = {}
    for profile_id, account_id in ChannelIdentity.objects.values_list("profile_id", "account_id"):
        accounts_of.setdefault(profile_id, set()).add(account_id)
    return sum(len(accounts) > 1 for accounts in accounts_of.values())
