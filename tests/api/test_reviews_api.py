"""Reviews over HTTP: raised for conflicts and claims, decided once, and again only for new proof."""

from typing import Any

import pytest
from django.test import Client

from profiles.identity.values import Grade
from profiles.models import ChannelIdentity, Review, Role
from tests.api.test_identity_api import Api, TokenFor
from tests.profiles.snapshot import partition, snapshot
from tests.profiles.world import (
    World,
    browsing,
    customer,
    email,
    hour,
    mailing,
    message,
    new_world,
    phone,
    shopping,
    whatsapp,
    whatsapp_user,
)


@pytest.fixture
def world(db: None) -> World:
    return new_world()


@pytest.fixture
def api(client: Client, token_for: TokenFor) -> Api:
    return Api(client, token_for(Role.LEAD))


def opened(api: Api) -> list[dict[str, Any]]:
    return api.get("identity/reviews/")["results"]


def claim(world: World) -> tuple[int, int]:
    """Somebody on the web says that Mira's mail address is theirs."""
    world.deliver([("M", message("m1", mailing(0), hour(1)))])
    world.deliver([("W", message("w1", browsing(0, email(0, Grade.CLAIMED)), hour(2)))])
    one, other = ChannelIdentity.objects.order_by("id").values_list("id", flat=True)
    return one, other


def test_claim_joins_nobody_and_raises_a_review_that_a_lead_decides(api: Api, world: World) -> None:
    one, other = claim(world)
    assert partition() == {one: one, other: other}
    [review] = opened(api)
    assert (review["kind"], {review["one"]["id"], review["other"]["id"]}) == ("claim", {one, other})
    assert review["reasons"][0]["words"]
    before = snapshot()
    done = api.post(f"identity/reviews/{review['id']}/decide", decision="same", reason="she said so on the phone")
    assert [profile["id"] for profile in done["profiles"]] == [one]
    assert opened(api) == []
    api.post(f"identity/operations/{done['operation']['id']}/undo")
    assert snapshot() == before
    assert [r["id"] for r in opened(api)] == [review["id"]]


def test_what_was_decided_is_not_raised_again_by_the_same_word(api: Api, world: World) -> None:
    one, other = claim(world)
    [review] = opened(api)
    api.post(f"identity/reviews/{review['id']}/decide", decision="different")
    world.deliver([("W", message("w2", browsing(0, email(0, Grade.CLAIMED)), hour(3)))])
    world.deliver([("W", message("w3", browsing(0, email(0, Grade.CLAIMED)), hour(0)))])
    world.deliver(world.batches[1])
    assert opened(api) == []
    assert partition() == {one: one, other: other}
    assert Review.objects.count() == 1


def test_new_proof_raises_what_was_decided_once_more_and_joins_nobody(api: Api, world: World) -> None:
    world.deliver([("A", message("m1", whatsapp(0), hour(1)))])
    world.deliver([("A", message("m2", whatsapp_user(0), hour(2)))])
    one, other = ChannelIdentity.objects.order_by("id").values_list("id", flat=True)
    api.post(f"profiles/{one}/merge", other=other)
    api.post(f"profiles/{one}/unmerge", channel_identities=[other])
    assert opened(api) == []
    world.deliver([("A", message("m3", whatsapp_user(0, phone(0)), hour(3)))])
    [review] = opened(api)
    assert (review["kind"], review["again_since"] is not None) == ("conflict", True)
    assert partition() == {one: one, other: other}
    api.post(f"identity/reviews/{review['id']}/decide", decision="different", reason="a shared phone")
    assert opened(api) == []
    world.deliver([("A", message("m4", whatsapp_user(0, phone(0)), hour(4)))])
    world.deliver(world.batches[-2])
    assert opened(api) == []


def test_two_customer_numbers_are_a_conflict_and_not_one_person(api: Api, world: World) -> None:
    world.deliver([("W", message("w1", shopping(0), hour(1))), ("W", message("w2", shopping(1), hour(1)))])
    world.deliver([("A", message("m1", whatsapp_user(0, customer(0)), hour(2)))])
    world.deliver([("B", message("m2", whatsapp_user(0, customer(1)), hour(3)))])
    kinds = {review["kind"] for review in opened(api)}
    assert kinds == {"conflict"}
    owners = dict(ChannelIdentity.objects.filter(account=world.lines["W"]).values_list("address", "profile_id"))
    assert len(set(owners.values())) == 2


def test_review_is_about_whoever_the_two_are_now(api: Api, world: World) -> None:
    one, other = claim(world)
    world.deliver([("A", message("m9", whatsapp(3), hour(9)))])
    third = ChannelIdentity.objects.latest("id").pk
    api.post(f"profiles/{third}/merge", other=other)
    [review] = opened(api)
    assert {review["one"]["id"], review["other"]["id"]} == {one, other}
    api.post(f"identity/reviews/{review['id']}/decide", decision="same")
    assert set(partition().values()) == {one}
    problem = api.post(f"identity/reviews/{review['id']}/decide", 422, decision="different")
    assert "unmerge" in problem["detail"]


def test_put_off_review_comes_back(api: Api, world: World) -> None:
    claim(world)
    [review] = opened(api)
    api.post(f"identity/reviews/{review['id']}/later")
    assert opened(api) == []
    Review.objects.update(later_until="2020-01-01T00:00:00Z")
    assert len(opened(api)) == 1


@pytest.mark.parametrize("body", [{}, {"decision": "perhaps"}, {"decision": None}, {"decision": ["same"]}])
def test_odd_decision_is_400(api: Api, world: World, body: dict[str, Any]) -> None:
    claim(world)
    [review] = opened(api)
    api.post(f"identity/reviews/{review['id']}/decide", 400, **body)
    assert len(opened(api)) == 1
