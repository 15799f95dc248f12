"""What ties two channel identities to one person, in a word: for whoever has to trust it at a glance."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from profiles.identity.values import GRADE_RANK, Grade, IdentifierKind


@dataclass(frozen=True, slots=True)
class Tie:
    """The identifier that both were seen with and how far it can be believed at each, or a colleague's decision.

    `kind` is `decision` for that, with the colleague's name as `by`.
    """

    kind: str
    value: str
    grades: tuple[str, str]
    by: str = ""


_SHARED = """
SELECT p.one, p.other, i.kind, i.value, s.grade, t.grade
FROM unnest(%s::bigint[], %s::bigint[]) AS p(one, other)
JOIN profiles_sighting s ON s.channel_identity_id = p.one AND s.withdrawn_by_id IS NULL AND s.grade <> 'claimed'
JOIN profiles_identifier i ON i.id = s.identifier_id AND i.status = 'normal'
JOIN profiles_identifier j ON j.kind = i.kind AND j.join_key = i.join_key AND j.scope = i.scope
JOIN profiles_sighting t ON t.channel_identity_id = p.other AND t.identifier_id = j.id
    AND t.withdrawn_by_id IS NULL AND t.grade <> 'claimed'
UNION
SELECT p.one, p.other, 'decision', coalesce(nullif(m.name, ''), m.email), 'decided', 'decided'
FROM unnest(%s::bigint[], %s::bigint[]) AS p(one, other)
JOIN profiles_decision d ON d.verdict = 'same' AND d.retracted_by_id IS NULL
    AND ((d.one_id = p.one AND d.other_id = p.other) OR (d.one_id = p.other AND d.other_id = p.one))
JOIN profiles_operation o ON o.id = d.operation_id
JOIN profiles_staffmember m ON m.id = o.actor_id
"""


def ties_between(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], Tie]:
    """The strongest direct tie of each pair of channel identities, in one query.

    A pair that is one person only by way of a third has none.
    """
    if not pairs:
        return {}
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, [ones, others, ones, others])
        rows = cursor.fetchall()
    best: dict[tuple[int, int], Tie] = {}
    for one, other, kind, value, grade, other_grade in rows:
        is_decision = kind == "decision"
        tie = Tie(kind, "" if is_decision else value, (grade, other_grade), by=value if is_decision else "")
        known = best.get((one, other))
        if known is None or _strength(tie) < _strength(known):
            best[one, other] = tie
    return best


def _strength(tie: Tie) -> tuple[int, int, str]:
    kinds = ["decision", *IdentifierKind]
    return max(GRADE_RANK[Grade(grade)] for grade in tie.grades), kinds.index(tie.kind), tie.value
