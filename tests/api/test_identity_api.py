"""The identity API as its contract says: roles, idempotence, ids that never die, previews that tell the truth."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from profiles.models import ChannelIdentity, Decision, Operation, Role, Sighting, StaffMember, Trait
from tests.profiles.snapshot import partition, snapshot
from tests.profiles.world import (
    World,
    hour,
    introduction,
    message,
    new_world,
    phone,
    shopping,
    whatsapp,
    whatsapp_user,
)
from timeline.models import Entry

Headers = dict[str, str]
TokenFor = Callable[[Role], Headers]
VERBS = ["merge", "merge/preview", "unmerge"]


@pytest.fixture
def world(db: None) -> World:
    """Mira on WhatsApp, Tomas on WhatsApp: nothing ties them."""
    world = new_world()
    world.deliver([("A", message("m1", whatsapp(0, name="Mira"), hour(1)))])
    world.deliver([("A", message("m2", whatsapp(1, name="Tomas"), hour(2)))])
    return world


@pytest.fixture
def lead(token_for: TokenFor) -> Headers:
    return token_for(Role.LEAD)


@pytest.fixture
def agent(token_for: TokenFor) -> Headers:
    return token_for(Role.AGENT)


class Api:
    """Posts JSON as somebody; the answer's status and body."""

    def __init__(self, client: Client, headers: Headers) -> None:
        self.client, self.headers = client, headers

    def post(self, path: str, status: int = 200, /, **body: Any) -> Any:
        answer = self.client.post(f"/api/v1/{path}/", body, content_type="application/json", headers=self.headers)
        assert answer.status_code == status, (path, answer.status_code, answer.content)
        if status >= 400:
            assert answer["Content-Type"] == "application/problem+json"
            assert answer.json()["status"] == status
        return answer.json()

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.client.get(f"/api/v1/{path}", headers=self.headers)
        assert answer.status_code == status, (path, answer.status_code, answer.content)
        return answer.json() if status == 200 else answer


@pytest.fixture
def api(client: Client, lead: Headers) -> Api:
    return Api(client, lead)


def two() -> tuple[int, int]:
    one, other = ChannelIdentity.objects.order_by("id").values_list("id", flat=True)[:2]
    return one, other


# Who may


@pytest.mark.parametrize("role", [Role.AGENT, Role.INGEST])
def test_only_leads_and_admins_judge(client: Client, token_for: TokenFor, world: World, role: Role) -> None:
    one, other = two()
    sighting = Sighting.objects.first()
    assert sighting is not None
    api, before = Api(client, token_for(role)), snapshot()
    for path, body in [
        (f"profiles/{one}/merge", {"other": other}),
        (f"profiles/{one}/merge/preview", {"other": other}),
        (f"profiles/{one}/unmerge", {"channel_identities": [one]}),
        (f"identity/sightings/{sighting.pk}/withdraw", {}),
        ("identity/markings", {"kind": "phone", "value": "+4915127784031", "status": "generic"}),
        ("identity/boundaries", {"channel_identity": one, "since": "2026-01-01T05:00:00Z"}),
        ("identity/operations/1/undo", {}),
        ("identity/reviews/1/decide", {"decision": "same"}),
    ]:
        api.post(path, 403, **body)
    for path in ("identity/reviews/", "identity/operations/"):
        api.get(path, 403)
    api.get(f"profiles/{one}/identity/", 200 if role is Role.AGENT else 403)
    assert snapshot() == before
    assert not Operation.objects.exists()


def test_nobody_judges_without_a_token(client: Client, world: World) -> None:
    one, other = two()
    Api(client, {}).post(f"profiles/{one}/merge", 401, other=other)


@pytest.mark.parametrize("role", [Role.LEAD, Role.ADMIN])
def test_leads_and_admins_merge(client: Client, token_for: TokenFor, world: World, role: Role) -> None:
    one, other = two()
    done = Api(client, token_for(role)).post(f"profiles/{other}/merge", other=one, reason="same voice")
    assert [profile["id"] for profile in done["profiles"]] == [one]
    assert done["profiles"][0]["channel_identities"] == [one, other]
    assert (done["operation"]["verb"], done["operation"]["reason"]) == ("merge", "same voice")
    assert [subject["id"] for subject in done["operation"]["subjects"]] == [one, other]


# Ids never die


def test_old_ids_lead_to_the_survivor_after_a_merge_and_to_themselves_after_unmerge(
    api: Api, agent: Headers, client: Client, world: World
) -> None:
    one, other = two()
    reader, stood = Api(client, agent), snapshot()
    api.post(f"profiles/{one}/merge", other=other)
    for tail in ("", "timeline/", "identity/"):
        moved = reader.get(f"profiles/{other}/{tail}", 307)
        assert moved["Location"].endswith(f"/api/v1/profiles/{one}/{tail}")
        assert reader.get(f"profiles/{one}/{tail}")
    lead = StaffMember.objects.create_staff("second@lindhaus.de", role=Role.LEAD)
    client.force_login(lead)
    page = client.get(f"/customers/{other}/")
    assert (page.status_code, page["Location"]) == (302, f"/inbox/all/{one}/")
    client.logout()
    api.post(f"profiles/{one}/unmerge", channel_identities=[other])
    for pk in (one, other):
        assert reader.get(f"profiles/{pk}/")["id"] == pk
    assert {key: snapshot()[key] for key in ("partition", "timelines")} == {
        key: stood[key] for key in ("partition", "timelines")
    }


def test_a_merged_id_may_be_merged_unmerged_and_previewed_by(api: Api, world: World) -> None:
    one, other = two()
    world.deliver([("A", message("m3", whatsapp(2), hour(3)))])
    third = ChannelIdentity.objects.latest("id").pk
    api.post(f"profiles/{one}/merge", other=other)
    assert api.post(f"profiles/{other}/merge/preview", other=third)["result"]["id"] == one
    api.post(f"profiles/{third}/merge", other=other)
    assert set(partition().values()) == {one}
    api.post(f"profiles/{third}/unmerge", channel_identities=[one])
    assert partition() == {one: one, other: other, third: other}


# Twice is once


def test_merging_twice_or_with_itself_does_nothing(api: Api, world: World) -> None:
    one, other = two()
    api.post(f"profiles/{one}/merge", other=other)
    before = snapshot()
    for pair in ((one, other), (other, one), (one, one), (other, other)):
        again = api.post(f"profiles/{pair[0]}/merge", other=pair[1])
        assert again["operation"] is None
        assert [profile["id"] for profile in again["profiles"]] == [one]
    assert snapshot() == before
    assert Operation.objects.count() == Decision.objects.count() == 1


def test_undo_twice_undoes_once(api: Api, world: World) -> None:
    one, other = two()
    before = snapshot()
    operation = api.post(f"profiles/{one}/merge", other=other)["operation"]["id"]
    undone = api.post(f"identity/operations/{operation}/undo", reason="no")
    assert undone["operation"]["undoes"] == operation
    assert snapshot() == before
    assert api.post(f"identity/operations/{operation}/undo")["operation"] is None
    assert snapshot() == before


def test_withdrawing_twice_withdraws_once_and_undo_brings_it_back(api: Api, world: World) -> None:
    world.deliver([("B", message("m3", whatsapp_user(0, phone(0)), hour(3)))])
    one, other = two()
    third = ChannelIdentity.objects.latest("id").pk
    assert partition()[third] == one
    before, sighting = snapshot(), Sighting.objects.get(channel_identity_id=third, identifier__kind="phone")
    done = api.post(f"identity/sightings/{sighting.pk}/withdraw", reason="mistyped")
    assert [profile["id"] for profile in done["profiles"]] == [third]
    assert partition() == {one: one, other: other, third: third}
    assert api.post(f"identity/sightings/{sighting.pk}/withdraw")["operation"] is None
    api.post(f"identity/operations/{done['operation']['id']}/undo")
    assert snapshot() == before


# The preview


def test_preview_changes_nothing_and_tells_what_the_merge_does(api: Api, client: Client, world: World) -> None:
    one, other = two()
    world.deliver([("W", introduction("i1", shopping(0, phone(0), name="Mira Lind"), hour(3)))])
    world.deliver([("W", introduction("i2", shopping(1, phone(1), name="Tomas Lind"), hour(4)))])
    api.post("identity/operations/999/undo", 404)
    before, rows = snapshot(), Entry.objects.count()
    preview = api.post(f"profiles/{other}/merge/preview", other=one)
    told = preview["result"]
    assert preview["operation"] is None
    assert preview["profiles"] == [
        {
            "id": told["id"],
            "display_name": told["display_name"],
            "channel_identities": sorted(member["id"] for member in told["channel_identities"]),
        }
    ]
    assert snapshot() == before
    assert Entry.objects.count() == rows
    assert not Operation.objects.exists()
    assert set(preview["lifted_limits"]) == {"customer_id|shop|K-5802", "customer_id|shop|K-5812"}
    assert "limit" in preview["warnings"]
    assert {moved["id"] for moved in preview["moves"]} == {
        pk for pk, profile in partition().items() if profile == other
    }
    api.post(f"profiles/{other}/merge", other=one)
    after = api.get(f"profiles/{one}/")
    promised = preview["result"]
    assert promised["id"] == after["id"]
    assert promised["display_name"] == after["display_name"]
    assert promised["identifiers"] == after["identifiers"] == preview["identifiers"]
    assert promised["consents"] == after["consents"] == preview["consents"]
    assert promised["channel_identities"] == after["channel_identities"]
    assert {t["name"]: t["value"] for t in preview["traits"]} == after["traits"]


def test_preview_names_the_different_that_a_merge_takes_back(api: Api, world: World) -> None:
    one, other = two()
    api.post(f"profiles/{one}/merge", other=other)
    kept = api.post(f"profiles/{one}/unmerge", channel_identities=[other], reason="two brothers")["operation"]["id"]
    preview = api.post(f"profiles/{one}/merge/preview", other=other)
    assert [(row["operation"], row["reason"]) for row in preview["lifted_decisions"]] == [(kept, "two brothers")]
    assert preview["warnings"] == ["different"]


def test_preview_of_one_customer_says_so(api: Api, world: World) -> None:
    one, other = two()
    api.post(f"profiles/{one}/merge", other=other)
    assert api.post(f"profiles/{one}/merge/preview", other=other)["is_one_already"] is True


def test_chosen_trait_is_shown_and_undone(api: Api, world: World) -> None:
    one, other = two()
    mira = Trait.objects.get(value="Mira")
    before = snapshot()
    newest = api.post(f"profiles/{one}/merge/preview", other=other)
    assert newest["result"]["display_name"] == "Tomas"
    chosen = api.post(f"profiles/{one}/merge/preview", other=other, choices={"name": mira.pk})
    assert chosen["result"]["display_name"] == "Mira"
    operation = api.post(f"profiles/{one}/merge", other=other, choices={"name": mira.pk})["operation"]["id"]
    detail = api.get(f"profiles/{one}/")["trait_details"][0]
    assert (detail["value"], detail["rule"], detail["alternates"]) == ("Mira", "chosen", ["Tomas"])
    api.post(f"identity/operations/{operation}/undo")
    assert snapshot() == before
    assert api.get(f"profiles/{other}/")["traits"] == {"name": "Tomas"}


# What cannot be done


def test_unknown_ids_are_404(api: Api, world: World) -> None:
    one, other = two()
    for unknown in (other + 10_000, 2**63 - 1):
        for verb in ("merge", "merge/preview"):
            api.post(f"profiles/{unknown}/{verb}", 404, other=one)
            api.post(f"profiles/{one}/{verb}", 404, other=unknown)
        api.post(f"profiles/{unknown}/unmerge", 404, channel_identities=[one])
        api.post(f"identity/operations/{unknown}/undo", 404)
        api.post(f"identity/sightings/{unknown}/withdraw", 404)
        api.post(f"identity/traits/{unknown}/withdraw", 404)
        api.post(f"identity/boundaries/{unknown}/withdraw", 404)
        api.post(f"identity/reviews/{unknown}/decide", 404, decision="same")
        api.post("identity/boundaries", 404, channel_identity=unknown, since="2026-01-01T05:00:00Z")
        api.get(f"profiles/{unknown}/identity/", 404)
    api.post(f"profiles/{2**63}/merge", 404, other=one)
    api.post(f"profiles/{10**30}/unmerge", 404, channel_identities=[one])
    api.get(f"profiles/{10**30}/identity/", 404)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("profiles/{one}/merge", {}),
        ("profiles/{one}/merge", {"other": "x"}),
        ("profiles/{one}/merge", {"other": -1}),
        ("profiles/{one}/merge", {"other": 2**63}),
        ("profiles/{one}/merge", {"other": [1]}),
        ("profiles/{one}/merge", {"other": "{other}", "choices": []}),
        ("profiles/{one}/merge", {"other": "{other}", "choices": {"name": "x"}}),
        ("profiles/{one}/merge", {"other": "{other}", "reason": "x" * 501}),
        ("profiles/{one}/merge", {"other": "{other}", "reason": "nul \x00"}),
        ("profiles/{one}/unmerge", {}),
        ("profiles/{one}/unmerge", {"channel_identities": []}),
        ("profiles/{one}/unmerge", {"channel_identities": "1"}),
        ("profiles/{one}/unmerge", {"channel_identities": [None]}),
        ("profiles/{one}/unmerge", {"channel_identities": [10**40]}),
        ("identity/markings", {"kind": "phone", "value": "+4915127784031", "status": "odd"}),
        ("identity/markings", {"kind": "odd", "value": "+4915127784031", "status": "normal"}),
        ("identity/markings", {"kind": "phone", "value": "nul \x00", "status": "normal"}),
        ("identity/markings", {"kind": "phone", "value": "x" * 321, "status": "normal"}),
        ("identity/boundaries", {"channel_identity": "{one}", "since": "yesterday"}),
        ("identity/boundaries", {"channel_identity": "{one}"}),
    ],
)
def test_odd_bodies_are_400(api: Api, world: World, path: str, body: dict[str, Any]) -> None:
    one, other = two()
    names = {"{one}": one, "{other}": other}
    filled = {key: names.get(value, value) if isinstance(value, str) else value for key, value in body.items()}
    before = snapshot()
    api.post(path.format(one=one), 400, **filled)
    assert snapshot() == before


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"x"', b'{"other": NaN}', b"\xff", b'{"other": 1e400}'])
def test_bodies_that_are_no_json_object_are_400(client: Client, lead: Headers, world: World, raw: bytes) -> None:
    one, _ = two()
    answer = client.post(f"/api/v1/profiles/{one}/merge/", raw, content_type="application/json", headers=lead)
    assert answer.status_code == 400, answer.content


def test_what_cannot_be_done_is_refused_with_the_reason(api: Api, world: World) -> None:
    one, other = two()
    foreign = Trait.objects.get(value="Tomas")
    for path, body in [
        (f"profiles/{one}/unmerge", {"channel_identities": [one]}),
        (f"profiles/{one}/unmerge", {"channel_identities": [other]}),
        (f"profiles/{one}/unmerge", {"channel_identities": [one, other]}),
        (f"profiles/{one}/merge", {"other": other, "choices": {"phone": foreign.pk}}),
        (f"profiles/{one}/merge", {"other": other, "choices": {"name": 2**62}}),
        ("identity/markings", {"kind": "phone", "value": "+4915112345678", "status": "generic"}),
    ]:
        problem = api.post(path, 422, **body)
        assert len(problem["detail"]) > 20, problem
    assert not Operation.objects.exists()


def test_unmerge_takes_odd_but_clear_lists(api: Api, world: World) -> None:
    one, other = two()
    api.post(f"profiles/{one}/merge", other=other)
    api.post(f"profiles/{one}/unmerge", channel_identities=[other, other])
    assert partition() == {one: one, other: other}
