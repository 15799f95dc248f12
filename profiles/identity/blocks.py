"""Disjoint sets of channel identities that know what must stay apart, and who holds an identifier."""

from collections.abc import Collection, Iterable, Mapping

from profiles.identity.evidence import Aliases, JoinKey, Node, Seen
from profiles.identity.policy import Policy

#: (kind, scope)
KindScope = tuple[str, str]
_NOTHING: Mapping[KindScope, set[JoinKey]] = {}


class Blocks:
    """Blocks that know which others they must stay apart from and which limited values each has.

    Channel identities are counted in their own order, which is all that a block's root depends on.
    """

    def __init__(self, nodes: Iterable[Node], policy: Policy) -> None:
        self.nodes = sorted(nodes)
        self.number = {node: number for number, node in enumerate(self.nodes)}
        self.parent = list(range(len(self.nodes)))
        self.apart: dict[int, set[int]] = {}
        self.limited: dict[int, dict[KindScope, set[JoinKey]]] = {}
        self.most = {kind: most for kind in policy.rules if (most := policy.most(kind)) is not None}
        self.policy = policy

    def root(self, number: int) -> int:
        parent = self.parent
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    def all(self) -> tuple[frozenset[Node], ...]:
        found: dict[int, list[Node]] = {}
        for number, node in enumerate(self.nodes):
            found.setdefault(self.root(number), []).append(node)
        return tuple(frozenset(found[root]) for root in sorted(found))

    def keep_apart(self, one: int, other: int) -> None:
        """The blocks of two roots never become one."""
        self.apart.setdefault(one, set()).add(other)
        self.apart.setdefault(other, set()).add(one)

    def carry(self, sightings: Iterable[Seen], aliases: Aliases) -> None:
        """The block of each sighting's channel identity has its value, if values of its kind are limited."""
        for seen in sightings:
            kind, scope, _ = seen.identifier
            if kind in self.most:
                mine = self.limited.setdefault(self.root(self.number[seen.node]), {})
                mine.setdefault((kind, scope), set()).add(aliases.of(seen.identifier))

    def objection(self, one: int, other: int) -> str:
        """Why the blocks of two roots may not become one, the strongest kind first; empty when they may.

        Once there is an objection it stays, whatever else joins: so trying each tie once is enough.
        """
        if one in self.apart and other in self.apart[one]:
            return "different"
        mine, theirs = self.limited.get(one, _NOTHING), self.limited.get(other, _NOTHING)
        over = [key[0] for key in mine.keys() & theirs.keys() if len(mine[key] | theirs[key]) > self.most[key[0]]]
        return f"limit:{min(over, key=self.policy.rank)}" if over else ""

    def exclusive(self, number: int) -> Mapping[KindScope, set[JoinKey]]:
        """The values of the block of which nobody may have two; blocks with another one never become one with it."""
        mine = self.limited.get(self.root(number), _NOTHING)
        return {key: values for key, values in mine.items() if self.most[key[0]] == 1}

    def join(self, one: int, other: int) -> str:
        """The blocks of both are one, or the objection to it."""
        one, other = self.root(one), self.root(other)
        if one == other:
            return ""
        because = self.objection(one, other)
        if not because:
            self.unite(one, other)
        return because

    def unite(self, one: int, other: int) -> None:
        """Two roots become one block; what either must stay apart from, the block must."""
        keep, drop = min(one, other), max(one, other)
        self.parent[drop] = keep
        for foe in self.apart.pop(drop, ()):
            self.apart[foe].discard(drop)
            self.keep_apart(keep, foe)
        if drop in self.limited:
            mine = self.limited.setdefault(keep, {})
            for key, values in self.limited.pop(drop).items():
                mine.setdefault(key, set()).update(values)


class Holders:
    """Who has an identifier, one channel identity for each block that could not join those before it.

    A thousand customers who took turns at one browser are told apart by their customer ids, without asking each pair.
    """

    def __init__(self, holders: Iterable[tuple[int, Mapping[KindScope, set[JoinKey]]]]) -> None:
        self.all: list[int] = []
        self._having: dict[KindScope, dict[JoinKey, list[int]]] = {}
        self._without: dict[KindScope, list[int]] = {}
        for number, exclusive in holders:
            self.add(number, exclusive)

    def add(self, number: int, exclusive: Mapping[KindScope, set[JoinKey]]) -> None:
        """One more holder, whose block has these values."""
        place = len(self.all)
        self.all.append(number)
        for key in exclusive.keys() - self._without.keys():
            self._without[key], self._having[key] = list(range(place)), {}
        for key, without in self._without.items():
            if key not in exclusive:
                without.append(place)
            for value in exclusive.get(key, ()):
                self._having[key].setdefault(value, []).append(place)

    def may_join(self, exclusive: Mapping[KindScope, set[JoinKey]]) -> Collection[int]:
        """The places of the holders that a block with these values could join; all others object for certain."""
        found: Collection[int] = range(len(self.all))
        for key, values in exclusive.items():
            if key in self._without:
                near = {*self._without[key], *(p for value in values for p in self._having[key].get(value, ()))}
                found = near if len(near) < len(found) else found
        return found
