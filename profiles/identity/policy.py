"""The policy: for each kind of identifier, when it joins, how many a person may have, when it counts as shared.

The defaults are measured: generic values and claims that do not join are what protects precision, age limits on phone
links cost 17 points of recall for one of precision. A policy is a version; changing it is previewed, then rebuilt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from profiles.identity.evidence import Seen
from profiles.identity.values import Grade, IdentifierKind

#: Nobody claims their way into somebody's history.
_ATTESTED = frozenset({Grade.DECIDED, Grade.PROVED, Grade.WEAK})
_AUTHENTICATED = frozenset({Grade.DECIDED, Grade.PROVED})


class PolicyError(ValueError):
    """A policy that cannot be used; the message names the place and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRule:
    """How one kind of identifier ties channel identities together.

    `joins_at`: grades of a sighting that joins; empty: it looks a customer up and joins nobody.
    `most`: values of one scope that one person may have; None: any number.
    `shared_at`: customer ids of one scope with which the value counts as shared and stops joining; None: never.
    `each_epoch`: whether a channel identity may hold the value in one epoch after another, as customers who take turns
    at one browser do; else only its first sighting counts, and what is passed on leaves it behind.
    """

    joins_at: frozenset[str] = _ATTESTED
    most: int | None = None
    shared_at: int | None = None
    each_epoch: bool = False


#: Strongest first: the order of the table is the order in which evidence is taken.
_RULES: Mapping[str, KindRule] = MappingProxyType(
    {
        IdentifierKind.CUSTOMER_ID: KindRule(joins_at=_AUTHENTICATED, most=1),
        IdentifierKind.WHATSAPP_USER: KindRule(most=3),
        IdentifierKind.PHONE: KindRule(most=5, shared_at=2),
        IdentifierKind.EMAIL: KindRule(joins_at=_AUTHENTICATED, most=5, shared_at=2),
        IdentifierKind.VISITOR: KindRule(each_epoch=True),  # a login of another customer starts an epoch instead
        IdentifierKind.ORDER: KindRule(joins_at=frozenset()),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A version of the rules, one for each kind, in the order of priority."""

    version: int = 1
    rules: Mapping[str, KindRule] = field(default_factory=lambda: _RULES)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ranks", {kind: rank for rank, kind in enumerate(self.rules)})

    _ranks: Mapping[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def joins(self, seen: Seen) -> bool:
        """Whether this sighting may tie its channel identity to others, as far as its kind and grade say."""
        return seen.grade in self.rules[seen.identifier[0]].joins_at

    def rank(self, kind: str) -> int:
        """The priority of a kind, 0 for the strongest."""
        return self._ranks[kind]

    def most(self, kind: str) -> int | None:
        """How many values of a kind and scope one person may have; None for any number."""
        return self.rules[kind].most

    def each_epoch(self, kind: str) -> bool:
        """Whether the first sighting of each epoch is evidence, and not only the first of all."""
        return self.rules[kind].each_epoch

    def shared_at(self, kind: str) -> int | None:
        """With how many anchors of one scope a value of the kind counts as shared; None for never."""
        return self.rules[kind].shared_at

    def as_document(self) -> dict[str, Any]:
        """The policy as JSON, for storing and editing."""
        kinds = {
            kind: {"joins_at": sorted(rule.joins_at), "most": rule.most, "shared_at": rule.shared_at}
            for kind, rule in self.rules.items()
        }
        return {"kinds": [{"kind": kind, **rule} for kind, rule in kinds.items()]}


def policy_from(document: Any, *, version: int) -> Policy:
    """The policy that a document like that of `Policy.as_document` states. Raises PolicyError."""
    stated = document.get("kinds") if isinstance(document, dict) else None
    if not isinstance(stated, list) or not all(isinstance(each, dict) for each in stated):
        raise PolicyError('expected {"kinds": [{"kind": ..., "joins_at": [...], "most": ..., "shared_at": ...}, ...]}')
    names = [str(each.get("kind")) for each in stated]
    if sorted(names) != sorted(IdentifierKind):
        raise PolicyError(f"kinds: expected each of {', '.join(IdentifierKind)} once, strongest first")
    return Policy(version=version, rules={str(each["kind"]): _rule(each) for each in stated})


def _rule(stated: Mapping[str, Any]) -> KindRule:
    kind = stated["kind"]
    if unknown := set(stated) - {"kind", "joins_at", "most", "shared_at"}:
        raise PolicyError(f"{kind}: unknown {', '.join(sorted(unknown))}")
    grades = stated.get("joins_at")
    allowed = set(_ATTESTED)
    if not isinstance(grades, list) or not all(isinstance(grade, str) and grade in allowed for grade in grades):
        raise PolicyError(f"{kind}.joins_at: expected some of {', '.join(sorted(allowed))}; claims never join")
    for name, least in (("most", 1), ("shared_at", 2)):
        value = stated.get(name)
        if value is not None and (type(value) is not int or value < least):
            raise PolicyError(f"{kind}.{name}: expected a whole number from {least}, or null for no limit")
    return KindRule(
        joins_at=frozenset(grades),
        most=stated.get("most"),
        shared_at=stated.get("shared_at"),
        each_epoch=_RULES[kind].each_epoch,
    )
