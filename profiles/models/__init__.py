"""Who uses the hub (`staff`), its lines (`accounts`), what was seen (`evidence`), what humans decided (`decisions`),
what is derived (`projection`), what the search for duplicates remembers (`likeness`)."""

from profiles.identity.evidence import FIRST_EPOCH
from profiles.models.accounts import AccountReader, Channel, ChannelAccount, OwnAddress
from profiles.models.decisions import Decision, Marking, Operation, Retraction, TraitChoice
from profiles.models.evidence import (
    Boundary,
    ChannelIdentity,
    ConsentEvent,
    Identifier,
    Mention,
    ProviderBlock,
    Sighting,
    Trait,
)
from profiles.models.likeness import LikenessCursor, LikenessKey
from profiles.models.policies import IdentityPolicy
from profiles.models.projection import Profile, Review
from profiles.models.staff import ApiToken, FailedLogin, LoginLink, Role, StaffMember

__all__ = [
    "FIRST_EPOCH",
    "AccountReader",
    "ApiToken",
    "Boundary",
    "Channel",
    "ChannelAccount",
    "ChannelIdentity",
    "ConsentEvent",
    "Decision",
    "FailedLogin",
    "Identifier",
    "IdentityPolicy",
    "LikenessCursor",
    "LikenessKey",
    "LoginLink",
    "Marking",
    "Mention",
    "Operation",
    "OwnAddress",
    "Profile",
    "ProviderBlock",
    "Retraction",
    "Review",
    "Role",
    "Sighting",
    "StaffMember",
    "Trait",
    "TraitChoice",
]
