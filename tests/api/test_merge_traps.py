"""What merging loses elsewhere: rows, reply targets, opt-outs. Here it only says who is whom."""

import pytest
from django.apps import apps
from django.test import Client

from profiles.models import ChannelIdentity, Role
from profiles.reading import describe
from tests.api.test_identity_api import Api, TokenFor
from tests.profiles.snapshot import partition, timelines
from tests.profiles.world import World, consent, hour, message, new_world, phone, shopping, whatsapp, whatsapp_user

#: What a merge writes: its own record, and its lines on both timelines.
_WRITTEN = {"operation", "decision", "retraction", "traitchoice", "entry", "review", "queuerow"}

_APPS = ("profiles", "timeline", "channels_ingest")


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def api(client: Client, token_for: TokenFor) -> Api:
    return Api(client, token_for(Role.LEAD))


def counts() -> dict[str, int]:
    models = [
        model for app in ("profiles", "timeline", "channels_ingest") for model in apps.get_app_config(app).get_models()
    ]
    return {m.__name__: m._default_manager.count() for m in models if m._meta.model_name not in _WRITTEN}


def talk(world: World) -> tuple[int, int]:
    world.deliver([("A", message("m1", whatsapp(0, name="Mira"), hour(1)))])
    world.deliver([("B", message("m2", whatsapp_user(0, name="M. Lind"), hour(2)))])
    world.deliver([("W", message("m3", shopping(0, phone(0), name="Mira Lind"), hour(3)))])
    world.deliver([("A", consent("c1", whatsapp(0), hour(4), granted=True))])
    return ChannelIdentity.objects.get(address="4915127784031").pk, ChannelIdentity.objects.get(address="DE.770").pk


def test_row_counts_are_the_same_before_and_after(api: Api, world: World) -> None:
    one, other = talk(world)
    before, entries = counts(), sorted(entry for mine in timelines().values() for entry in mine)
    operation = api.post(f"profiles/{one}/merge", other=other)["operation"]["id"]
    assert counts() == before
    assert sorted(entry for mine in timelines().values() for entry in mine) == entries
    api.post(f"identity/operations/{operation}/undo")
    api.post(f"profiles/{one}/merge", other=other)
    api.post(f"profiles/{one}/unmerge", channel_identities=[other])
    assert counts() == before
    assert sorted(entry for mine in timelines().values() for entry in mine) == entries


def test_each_conversation_keeps_its_own_reply_target(api: Api, world: World) -> None:
    one, other = talk(world)
    owners = {entry[0]: entry[1] for mine in timelines().values() for entry in mine}
    api.post(f"profiles/{one}/merge", other=other)
    world.deliver([("B", message("m9", whatsapp_user(0), hour(9)))])
    now = {entry[0]: (entry[1], entry[6]) for mine in timelines().values() for entry in mine}
    assert {pk: home for pk, (home, _) in now.items() if pk in owners} == owners
    assert [home for home, key in now.values() if key == "m9"] == [other]
    api.post(f"profiles/{one}/unmerge", channel_identities=[other])
    assert ("m9", other) in {(entry[6], entry[1]) for entry in timelines()[other]}


def consents(profile_id: int) -> dict[str, bool]:
    view = describe(partition()[profile_id])
    assert view is not None
    return {row.address: row.is_granted for row in view.consents}


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (True, True), (False, False)])
def test_consent_is_never_wider_after_a_merge(api: Api, world: World, first: bool, second: bool) -> None:
    for number, granted in ((0, first), (1, second)):
        world.deliver([("A", message(f"m{number}", whatsapp(number), hour(1)))])
        world.deliver([("A", consent(f"c{number}", whatsapp(number), hour(2), granted=granted))])
    one, other = ChannelIdentity.objects.order_by("id").values_list("id", flat=True)
    alone = consents(one) | consents(other)
    assert alone == {"4915127784031": first, "4915127784131": second}
    api.post(f"profiles/{one}/merge", other=other)
    merged = consents(one)
    assert all(not granted or alone[address] for address, granted in merged.items())
    assert merged.keys() == alone.keys()
    api.post(f"profiles/{one}/unmerge", channel_identities=[other])
    assert (consents(one), consents(other)) == ({"4915127784031": first}, {"4915127784131": second})


@pytest.mark.parametrize("granted_at", [1, 5])
def test_opt_out_binds_the_address_and_opt_in_only_who_gave_it(api: Api, world: World, granted_at: int) -> None:
    """An opt-out before a boundary binds whoever uses the address next, merged or not, until they opt in themselves."""
    refused_at = 3
    world.deliver([("A", message("m1", whatsapp(0), hour(0))), ("A", message("m2", whatsapp(0), hour(6)))])
    world.deliver([("A", consent("c1", whatsapp(0), hour(granted_at), granted=True))])
    world.deliver([("A", consent("c2", whatsapp(0), hour(refused_at), granted=False))])
    first = ChannelIdentity.objects.get()
    api.post("identity/boundaries", channel_identity=first.pk, since="2026-01-01T04:00:00Z")
    second = ChannelIdentity.objects.exclude(pk=first.pk).get()
    assert consents(first.pk) == {first.address: False}
    assert consents(second.pk) == {first.address: granted_at == 5}
    api.post(f"profiles/{first.pk}/merge", other=second.pk)
    assert consents(first.pk) == {first.address: False}


@pytest.mark.parametrize("order", [(True, False), (False, True)])
def test_opt_out_of_the_same_second_is_the_last_word(api: Api, world: World, order: tuple[bool, bool]) -> None:
    for granted in order:
        world.deliver([("A", consent(f"c{granted}", whatsapp(0), hour(2), granted=granted))])
    assert consents(ChannelIdentity.objects.get().pk) == {"4915127784031": False}
