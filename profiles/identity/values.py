"""The evidence about who wrote, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from profiles.identity.making import quickly_made


class IdentifierKind(StrEnum):
    """What may tie channel identities together; the order is the priority, strongest first."""

    CUSTOMER_ID = "customer_id"  # scope: the source that issued it
    WHATSAPP_USER = "whatsapp_user"  # Meta's business-scoped user id (BSUID); scope: the business portfolio
    PHONE = "phone"
    EMAIL = "email"
    VISITOR = "visitor"
    ORDER = "order"  # looks a customer up, joins nobody


class Grade(StrEnum):
    """How far a sighting can be believed, strongest first."""

    DECIDED = "decided"  # a human said so
    PROVED = "proved"  # signed by Meta, authenticated e-mail, signed chat identity, trusted server
    WEAK = "weak"  # a text message's sender: can be forged and is passed on
    CLAIMED = "claimed"  # typed by somebody: shown, never joins


class IdentifierStatus(StrEnum):
    """Whether an identifier joins people."""

    NORMAL = "normal"
    GENERIC = "generic"  # shared by several people: stops joining, both say "also used by"
    BLOCKED = "blocked"  # a placeholder: never joins, never shown as this person's


GRADE_RANK: Mapping[str, int] = MappingProxyType({grade: rank for rank, grade in enumerate(Grade)})


class Standing(StrEnum):
    """Whether a sender that can be forged was proved; other senders are always `PROVED`."""

    PROVED = "proved"
    UNPROVED = "unproved"
    FAILED = "failed"


@quickly_made
@dataclass(frozen=True, slots=True)
class SeenIdentifier:
    """An identifier as a provider reported it, not yet canonical."""

    kind: IdentifierKind
    value: str
    scope: str = ""
    grade: Grade = Grade.PROVED


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One side of a channel that is not ours: the person (or group member) a channel identity stands for.

    `address` is what a reply would be sent to, exactly as the provider spells it.
    `reply_refusal` is a code saying why no reply may be sent there, empty when one may.
    """

    address: str
    standing: Standing = Standing.PROVED
    identifiers: tuple[SeenIdentifier, ...] = ()
    traits: Mapping[str, str] = field(default_factory=dict)
    reply_refusal: str = ""
