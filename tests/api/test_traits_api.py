"""Facts that staff enter over the API are those of the page: shown first, kept beside what a channel says, undone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from profiles.merging import merge
from profiles.models import Role, StaffMember, Trait
from tests.api.test_identity_api import Api
from tests.timeline.work.cast import line, says

NOW = timezone.now()


@pytest.fixture
def mira(db: None) -> int:
    return says(line("Orders"), "1", "m1", NOW)


@pytest.fixture
def api(client: Client, token_for: Callable[[Role], dict[str, str]]) -> Api:
    return Api(client, token_for(Role.AGENT))


def test_fact_is_shown_before_what_a_channel_says(api: Api, mira: int) -> None:
    Trait.objects.create(
        channel_identity_id=mira, name="city", value="Hamburg", source="shop", grade="proved",
        first_seen=NOW, last_seen=NOW + timedelta(days=1),
    )  # fmt: skip
    done = api.post(f"profiles/{mira}/traits", 201, name="City", value="  Kiel  am Meer ", reason="told on the phone")
    assert [profile["id"] for profile in done["profiles"]] == [mira]
    assert done["operation"]["verb"] == "enter"
    [trait] = api.get(f"profiles/{mira}/")["trait_details"]
    assert (trait["name"], trait["value"], trait["source"], trait["grade"]) == (
        "city", "Kiel am Meer", "agent", "decided",
    )  # fmt: skip
    assert trait["alternates"] == ["Hamburg"]
    assert api.post(f"profiles/{mira}/traits", 200, name="city", value="Kiel am Meer")["operation"] is None


def test_undone_fact_is_as_if_it_had_not_been(
    client: Client, token_for: Callable[[Role], dict[str, str]], api: Api, mira: int
) -> None:
    done = api.post(f"profiles/{mira}/traits", 201, name="plan", value="Gold")
    Api(client, token_for(Role.LEAD)).post(f"identity/operations/{done['operation']['id']}/undo", reason="a slip")
    assert api.get(f"profiles/{mira}/")["traits"] == {}


@pytest.mark.parametrize("body", [{"name": " ", "value": "x"}, {"name": "x"}, {"name": "x" * 41, "value": "x"}])
def test_what_is_no_fact_is_refused(api: Api, mira: int, body: dict[str, str]) -> None:
    api.post(f"profiles/{mira}/traits", 400, **body)
    api.post(f"profiles/{mira}/traits", 422, name="x", value="a\u0007b")
    api.post("profiles/999999999/traits", 404, name="x", value="y")
    assert not Trait.objects.exists()


def test_merged_id_leads_to_the_survivor(api: Api, mira: int) -> None:
    lead = StaffMember.objects.create_staff("lead@shop.example", role=Role.LEAD)
    other = says(line("Texts"), "2", "m2", NOW)
    merge(mira, other, actor=lead)
    gone = max(mira, other)
    told = api.client.post(f"/api/v1/profiles/{gone}/traits/", {"name": "a", "value": "b"}, headers=api.headers)
    assert told.status_code == 307
