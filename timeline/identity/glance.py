"""What a customer's page says about their identity: who else uses a shared address."""

from dataclasses import dataclass

from django.db.models import F

from profiles.models import Profile, Sighting
from timeline.pages.panel import Panel, name_of

MOST = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another customer who uses the same address."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class IdentityGlance:
    """`shared` is an address of theirs that others use, `others` who."""

    shared: str
    is_own_address: bool
    others: list[Candidate]


def identity_glance(panel: Panel) -> IdentityGlance:
    """Who else is looked up only when an identifier is shared."""
    shared = [row for row in panel.identifiers if row.caution]
    own = {row.address.removeprefix("+").casefold() for row in panel.addresses}
    shared.sort(key=lambda row: row.value.removeprefix("+").casefold() not in own)
    is_own = bool(shared) and shared[0].value.removeprefix("+").casefold() in own
    others = _others(panel.profile_id) if shared else []
    return IdentityGlance(shared[0].shown if shared else "", is_own, others)


def _others(profile_id: int) -> list[Candidate]:
    """Up to five customers with a shared identifier of this one, the last seen first."""
    mine = Sighting.objects.filter(
        channel_identity__profile_id=profile_id, identifier__status="generic", withdrawn_by=None
    )
    keys = set(mine.values_list("identifier__kind", "identifier__scope", "identifier__join_key"))
    found: dict[int, str] = {}
    for kind, scope, join_key in sorted(keys):
        rows = Profile.objects.filter(
            channel_identities__sightings__identifier__kind=kind,
            channel_identities__sightings__identifier__scope=scope,
            channel_identities__sightings__identifier__join_key=join_key,
            channel_identities__sightings__withdrawn_by=None,
        ).exclude(id=profile_id)
        seen = rows.order_by(F("channel_identities__last_seen").desc(nulls_last=True), "id")
        found |= dict(seen.values_list("id", "display_name")[: MOST * 2])
    return [Candidate(pk, name_of(name)) for pk, name in list(found.items())[:MOST]]
