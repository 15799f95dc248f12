"""What the tables should say, worked out a second time from what was delivered and what humans did, and nothing else.

Of the tables only what is never derived is read: operations with their retractions, decisions, markings and human
boundaries, and which channel identities and identifiers were ever born. Statuses, shared epochs, void channel
identities, login boundaries and what stands are computed anew, as plainly as possible.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from profiles.identity.canonical import canonical, visitor_address
from profiles.identity.evidence import FIRST_EPOCH, JoinKey, Marking, Node, Passed, Ruling, Seen
from profiles.identity.partition import resolve
from profiles.identity.policy import Policy
from profiles.identity.values import IdentifierKind
from profiles.identity.worth import status_by_form
from profiles.models import (
    Boundary,
    ChannelIdentity,
    Decision,
    Identifier,
    Operation,
    Retraction,
    Sighting,
)
from profiles.models import Marking as StoredMarking
from tests.profiles.world import Fact, World

Address = tuple[int, str]
Seat = tuple[int, str, str]  # account, address, standing
POLICY = Policy()
GRADES_THAT_JOIN = {kind: rule.joins_at for kind, rule in POLICY.rules.items()}


def epoch(starts: Iterable[datetime], at: datetime) -> datetime:
    return max([FIRST_EPOCH, *(start for start in starts if start <= at)])


class Truth:
    """All that is derived, computed anew."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.standing = standing_operations()
        self.retracted = self._retracted()
        self.seats = {
            pk: ((account_id, address, standing), start)
            for pk, account_id, address, standing, start in ChannelIdentity.objects.values_list(
                "id", "account_id", "address", "standing", "epoch_start"
            )
        }
        self.starts = self._human_and_provider_starts()
        self.withdrawn = self._withdrawn()
        for place, starts in self._login_starts().items():
            self.starts[place] |= starts
        self.withdrawn = self._withdrawn()  # those of a visitor's own address lie between logins
        self.facts = {fact for fact in world.facts if not self.is_withdrawn(fact)}
        self.decisions = self._decisions()
        self.marked = self._marked()
        self.key_starts = self._key_starts()

    def home(self, seat: Seat, at: datetime) -> tuple[Seat, datetime]:
        """The channel identity that holds what happened at that seat then, by its natural key."""
        return seat, epoch(self.starts[seat[:2]], at)

    def home_of(self, pk: int) -> tuple[Seat, datetime]:
        """The natural key of the channel identity that stands for a maybe void one."""
        seat, start = self.seats[pk]
        return self.home(seat, start)

    # What humans took back

    def _retracted(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = defaultdict(set)
        for row in Retraction.objects.all():
            if row.operation_id in self.standing:
                for kind in ("decision", "sighting", "boundary", "trait"):
                    if (pk := getattr(row, f"{kind}_id")) is not None:
                        found[kind].add(pk)
        return found

    def _withdrawn(self) -> set[tuple[object, ...]]:
        """(seat's epoch, kind, scope, value, grade) of everything that was withdrawn."""
        rows = Sighting.objects.filter(id__in=self.retracted["sighting"]).select_related("identifier")
        return {
            (self.home(self.seats[row.channel_identity_id][0], row.occurred_at), *_name(row.identifier), row.grade)
            for row in rows
        }

    def is_withdrawn(self, fact: Fact) -> bool:
        home = self.home((fact.account_id, fact.address, fact.standing), fact.at)
        return (home, fact.kind, fact.scope, fact.value, fact.grade) in self.withdrawn

    # Boundaries

    def _human_and_provider_starts(self) -> dict[Address, set[datetime]]:
        starts: dict[Address, set[datetime]] = defaultdict(set)
        taken_back = set(
            Boundary.objects.filter(id__in=self.retracted["boundary"]).values_list("account_id", "address", "starts_at")
        )
        self.taken_back = taken_back
        for account_id, address, at in self.world.passed_on - taken_back:
            starts[account_id, address].add(at)
        for row in Boundary.objects.exclude(operation=None):
            if row.operation_id in self.standing and row.pk not in self.retracted["boundary"]:
                starts[row.account_id, row.address].add(row.starts_at)
        return starts

    def _login_starts(self) -> dict[Address, set[datetime]]:
        """Where another customer of one scope logged in with a visitor id."""
        turns: dict[tuple[int, str, str], list[tuple[datetime, str, str]]] = defaultdict(list)
        for login in self.world.logins:
            seat = (login.account_id, *login.sender)
            parts = (("visitor", login.scope, login.visitor), ("customer_id", login.scope, login.customer))
            home = self.home(seat, login.at)
            if any((home, *part, grade) in self.withdrawn for part in parts for grade in ("proved", "weak")):
                continue
            turns[login.account_id, login.visitor, login.scope].append((login.at, login.customer, login.source))
        starts: dict[Address, set[datetime]] = defaultdict(set)
        for (account_id, visitor, _), logins in turns.items():
            ordered = sorted(logins)
            for before, after in pairwise(ordered):
                place = (account_id, visitor_address(visitor))
                if before[1] != after[1] and (*place, after[0]) not in self.taken_back:
                    starts[place].add(after[0])
        return starts

    def _key_starts(self) -> dict[JoinKey, set[datetime]]:
        """The boundaries of the addresses that an identifier, in any of its spellings, stands for."""
        by_address: dict[str, set[datetime]] = defaultdict(set)
        for (_, address), starts in self.starts.items():
            by_address[address] |= starts
        found: dict[JoinKey, set[datetime]] = defaultdict(set)
        for kind, scope, value in {(f.kind, f.scope, f.value) for f in self.world.facts}:
            if kind in ("phone", "whatsapp_user", "email", "visitor"):
                for address in (value, value.lstrip("+"), visitor_address(value)):
                    found[key_of(kind, scope, value)] |= by_address.get(address, set())
        return found

    # Humans

    def _decisions(self) -> list[Ruling]:
        found = []
        for row in Decision.objects.all():
            if row.operation_id in self.standing and row.pk not in self.retracted["decision"]:
                one, other = node(*self.home_of(row.one_id)), node(*self.home_of(row.other_id))
                aliases = frozenset(tuple(alias.split("|", 2)) for alias in row.aliases)
                if one != other:
                    found.append(Ruling(row.verdict == "same", one, other, row.operation_id, aliases))
        return found

    def _marked(self) -> dict[JoinKey, str]:
        rows = StoredMarking.objects.filter(operation_id__in=self.standing).order_by("operation_id")
        return {(row.kind, row.scope, row.join_key): row.status for row in rows}

    # The answers

    def evidence(self) -> list[Seen]:
        return [
            Seen(
                node(*self.home((f.account_id, f.address, f.standing), f.at)),
                key_of(f.kind, f.scope, f.value),
                f.grade,
                f.at,
            )
            for f in self.facts
        ]

    def profiles(self) -> dict[int, int]:
        """The profile of every channel identity ever born: the smallest id of its block."""
        nodes = {pk: node(*self.home_of(pk)) for pk in self.seats}
        passed = [Passed(key, start) for key, starts in self.key_starts.items() for start in starts]
        marks = [Marking(key, status) for key, status in self.marked.items()]
        found = resolve(self.evidence(), passed, [*self.decisions, *marks], POLICY, set(nodes.values()))
        block = {member: number for number, block in enumerate(found.blocks) for member in block}
        eldest: dict[int, int] = {}
        for pk in sorted(nodes):
            eldest.setdefault(block[nodes[pk]], pk)
        return {pk: eldest[block[nodes[pk]]] for pk in nodes}

    def statuses(self) -> dict[int, tuple[str, list[datetime]]]:
        """Status and shared epochs of every identifier."""
        shared = self._shared()
        found = {}
        for row in Identifier.objects.all():
            key = (row.kind, row.scope, row.join_key)
            if ruled := self.marked.get(key) or status_by_form(row.kind, row.join_key):
                found[row.pk] = (ruled, [])
                continue
            latest = max(self.key_starts[key], default=FIRST_EPOCH)
            epochs = sorted(shared.get(key, ()))
            found[row.pk] = ("generic" if any(start >= latest for start in epochs) else "normal", epochs)
        return found

    def _shared(self) -> dict[JoinKey, set[datetime]]:
        """The epochs in which two customers of one scope were seen with whoever had the identifier first."""
        first: dict[tuple[Node, JoinKey, str], datetime] = {}
        owners: dict[Node, set[JoinKey]] = defaultdict(set)
        for seen in self.evidence():
            if seen.grade not in GRADES_THAT_JOIN[seen.identifier[0]]:
                continue
            place = (seen.node, seen.identifier, seen.grade)
            first[place] = min(seen.occurred_at, first.get(place, seen.occurred_at))
            word = self.marked.get(seen.identifier) or status_by_form("customer_id", seen.identifier[2]) or "normal"
            if seen.identifier[0] == "customer_id" and word == "normal":
                owners[seen.node].add(seen.identifier)
        anchors: dict[tuple[JoinKey, datetime, str], set[JoinKey]] = defaultdict(set)
        for (where, key, _), at in first.items():
            for owner in owners[where]:
                anchors[key, epoch(self.key_starts[key], at), owner[1]].add(owner)
        found: dict[JoinKey, set[datetime]] = defaultdict(set)
        for (key, start, _), customers in anchors.items():
            enough = POLICY.shared_at(key[0])
            if enough is not None and len(customers) >= enough:
                found[key].add(start)
        return found


def standing_operations() -> set[int]:
    """An operation stands unless a standing undo names it; an undo is younger than what it undoes."""
    standing: set[int] = set()
    undone: set[int] = set()
    for pk, undoes in Operation.objects.order_by("-id").values_list("id", "undoes_id"):
        if pk not in undone:
            standing.add(pk)
            if undoes is not None:
                undone.add(undoes)
    return standing


def node(seat: Seat, start: datetime) -> Node:
    return (*seat, start.isoformat())


def key_of(kind: str, scope: str, value: str) -> JoinKey:
    return (kind, scope, canonical(IdentifierKind(kind), value)[1])


def _name(identifier: Identifier) -> tuple[str, str, str]:
    return identifier.kind, identifier.scope, identifier.value
