"""Who uses the hub (`staff`), its lines (`accounts`), the evidence (`evidence`), what is derived (`projection`)."""

from profiles.models.accounts import Channel, ChannelAccount
from profiles.models.evidence import (
    FIRST_EPOCH,
    Boundary,
    ChannelIdentity,
    ConsentEvent,
    Decision,
    Identifier,
    Operation,
    Sighting,
    Trait,
)
from profiles.models.projection import Profile
from profiles.models.staff import ApiToken, FailedLogin, LoginLink, Role, StaffMember

__all__ = [
    "FIRST_EPOCH",
    "ApiToken",
    "Boundary",
    "Channel",
    "ChannelAccount",
    "ChannelIdentity",
    "ConsentEvent",
    "Decision",
    "FailedLogin",
    "Identifier",
    "LoginLink",
    "Operation",
    "Profile",
    "Role",
    "Sighting",
    "StaffMember",
    "Trait",
]
