"""`rebuild`: nothing differs on a healthy hub, whatever was broken is found and made right, a policy is previewed."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from channels_ingest.batches import Batch, Placed
from channels_ingest.items import write
from channels_ingest.messages import AddressChange, Message
from profiles.identity.values import IdentifierKind, SeenIdentifier, Sender
from profiles.merging import merge
from profiles.models import ChannelAccount, ChannelIdentity, Identifier, IdentityPolicy, Profile, Role, StaffMember
from timeline.entries import Direction
from timeline.models import Entry, QueueRow
from timeline.rebuilding import rebuild

START = datetime(2026, 1, 1, tzinfo=UTC)


def sender(address: str, *identifiers: tuple[str, str]) -> Sender:
    found = (
        SeenIdentifier(IdentifierKind(kind), value, "" if kind in ("phone", "email") else "s")
        for kind, value in identifiers
    )
    return Sender(address=address, identifiers=tuple(found), traits={"name": f"Person {address}"})


@pytest.fixture
def hub(db: None) -> ChannelAccount:
    """Two people on one line, one of them with two addresses; a third who left an address to somebody else."""
    line = ChannelAccount.objects.create(provider="whatsapp_cloud", channel="whatsapp", name="Line")
    phones = [("phone", "+4915112345671"), ("phone", "+4915112345672"), ("phone", "+4915112345673")]
    people = [
        sender("1", phones[0]),
        sender("2", phones[1]),
        sender("3", phones[0], ("whatsapp_user", "US.3")),
        sender("4915112345673", phones[2]),
    ]
    batch = Batch()
    for number in range(12):
        message = Message(
            sender=people[number % 4],
            provider_message_id=f"m{number}",
            occurred_at=START + timedelta(hours=number),
            direction=Direction.IN,
            text=f"Message {number}",
        )
        batch.placed.append(Placed(line.pk, 1, message))
    left = AddressChange(
        sender=people[3],
        became=(SeenIdentifier(IdentifierKind.PHONE, "+4915112345674"),),
        left=("4915112345673",),
        occurred_at=START + timedelta(hours=5),
        provider_message_id="moved",
    )
    write(batch)
    write(Batch(placed=[Placed(line.pk, 1, left)]))
    lead = StaffMember.objects.create_staff("lead@shop.example", role=Role.LEAD)
    one, other = ChannelIdentity.objects.order_by("id")[:2]
    merge(one.pk, other.pk, actor=lead)
    return line


def homes() -> list[Any]:
    return list(Entry.objects.order_by("id").values_list("id", "channel_identity_id", "channel_identity__profile_id"))


def test_nothing_differs_on_a_healthy_hub(hub: ChannelAccount) -> None:
    before = homes()
    assert not sum(rebuild(repair=False).differed.values())
    assert not sum(rebuild(repair=True).differed.values())
    assert homes() == before


def test_who_was_reached_from_an_earlier_slice_is_not_looked_at_again(hub: ChannelAccount) -> None:
    looked_at = rebuild(repair=False, at_once=1).looked_at
    assert looked_at["channel identities"] == ChannelIdentity.objects.count()
    assert looked_at["profiles"] == len(set(ChannelIdentity.objects.values_list("profile_id", flat=True)))


def test_whatever_was_broken_is_found_and_made_right(hub: ChannelAccount) -> None:
    before = homes()
    people = Profile.objects.filter(channel_identities__isnull=False).distinct().order_by("id")
    names = list(people.values_list("id", "display_name"))
    queue = list(QueueRow.objects.order_by("profile_id").values_list("profile_id", "last_entry_id", "waiting_since"))
    last = ChannelIdentity.objects.order_by("-id").first()
    assert last is not None
    ChannelIdentity.objects.filter(address="3").update(profile_id=last.pk, first_seen=None)
    Identifier.objects.filter(value="+4915112345671").update(status="generic")
    Identifier.objects.filter(value="+4915112345672").update(join_key="+49")
    Profile.objects.update(display_name="Nobody")
    QueueRow.objects.all().delete()
    passed_on = ChannelIdentity.objects.filter(address="4915112345673").order_by("id")
    Entry.objects.filter(channel_identity=passed_on[1], kind="message").update(channel_identity=passed_on[0])
    broken = homes()
    found = rebuild(repair=False).differed
    assert homes() == broken
    expected = {
        "join keys",
        "identifier statuses",
        "profiles of channel identities",
        "names",
        "queue rows",
        "entries' epochs",
    }
    assert expected <= {what for what, count in found.items() if count}
    rebuild(repair=True)
    messages = set(Entry.objects.exclude(kind="identity").values_list("id", flat=True))
    assert [home for home in homes() if home[0] in messages] == [home for home in before if home[0] in messages]
    assert list(people.values_list("id", "display_name")) == names
    kept = list(QueueRow.objects.order_by("profile_id").values_list("profile_id", "last_entry_id", "waiting_since"))
    assert kept == queue
    assert not sum(rebuild(repair=False).differed.values())


def test_command_says_so_and_fails_only_when_asked_to_check(hub: ChannelAccount) -> None:
    out = StringIO()
    call_command("rebuild", "--check", stdout=out, stderr=StringIO())
    assert out.getvalue() == "0 differences\n"
    Profile.objects.update(display_name="Nobody")
    with pytest.raises(SystemExit):
        call_command("rebuild", "--check", stdout=out, stderr=StringIO())
    call_command("rebuild", stdout=out, stderr=StringIO())
    call_command("rebuild", "--check", stdout=out, stderr=StringIO())


def test_policy_is_previewed_applied_and_versioned(hub: ChannelAccount, tmp_path: Path) -> None:
    shown, previewed, applied = StringIO(), StringIO(), StringIO()
    call_command("identity_policy", "show", stdout=shown)
    document = json.loads(shown.getvalue())
    next(rule for rule in document["kinds"] if rule["kind"] == "phone")["joins_at"] = []
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(document))
    before = homes()
    call_command("identity_policy", "preview", str(file), stdout=previewed)
    assert previewed.getvalue() == "1 people would split off, 0 would join others\n"
    assert homes() == before
    call_command(
        "identity_policy", "apply", str(file), "--reason", "phones are shared here", stdout=applied, stderr=StringIO()
    )
    assert applied.getvalue().startswith("1 people did split off")
    assert IdentityPolicy.objects.get(state="active").reason == "phones are shared here"
    assert not sum(rebuild(repair=False).differed.values())


@pytest.mark.parametrize("text", ["", "[]", '{"kinds": []}', '{"kinds": [{"kind": "phone", "joins_at": ["claimed"]}]}'])
def test_policy_that_cannot_be_used_is_refused_with_the_reason(db: None, tmp_path: Path, text: str) -> None:
    file = tmp_path / "policy.json"
    file.write_text(text)
    with pytest.raises(CommandError, match=r"policy\.json: "):
        call_command("identity_policy", "preview", str(file))
