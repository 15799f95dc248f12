"""Folding what stands: evidence stands unless its operation was undone or a standing operation took it back."""

from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import Q, QuerySet

from profiles.models import Boundary, Decision, Operation, Retraction, Sighting, Trait


def same_sightings(sightings: Iterable[Sighting]) -> Q:
    """All sightings of the same identifiers with the same channel identities at the same grades."""
    found = Q(pk__in=[])
    for sighting in sightings:
        found |= Q(
            channel_identity_id=sighting.channel_identity_id,
            identifier_id=sighting.identifier_id,
            grade=sighting.grade,
        )
    return found


def refold_standing(operation_ids: Collection[int]) -> None:
    """The columns that say what stands are right for everything that the operations wrote or took back."""
    _refold_decisions(operation_ids)
    _refold_boundaries(operation_ids)
    sightings = Sighting.objects.filter(retractions__operation_id__in=operation_ids)
    refold_withdrawn(sightings.values_list("channel_identity_id", flat=True))
    Trait.objects.filter(withdrawn_by_id__in=operation_ids).update(withdrawn_by=None)
    for retraction in _standing(operation_ids).exclude(trait=None):
        Trait.objects.filter(retractions=retraction).update(withdrawn_by=retraction.operation_id)


_REFOLD_WITHDRAWN = """
UPDATE profiles_sighting s SET withdrawn_by_id = f.withdrawn_by_id
FROM (
    SELECT s.id, max(w.operation_id) AS withdrawn_by_id FROM profiles_sighting s
    LEFT JOIN (
        SELECT t.channel_identity_id, t.identifier_id, t.grade, r.operation_id FROM profiles_sighting t
        JOIN profiles_retraction r ON r.sighting_id = t.id
        JOIN profiles_operation o ON o.id = r.operation_id AND o.is_standing
        WHERE t.channel_identity_id = ANY(%(ids)s)
    ) w USING (channel_identity_id, identifier_id, grade)
    WHERE s.channel_identity_id = ANY(%(ids)s) GROUP BY s.id
) f
WHERE s.id = f.id AND s.withdrawn_by_id IS DISTINCT FROM f.withdrawn_by_id
"""


def refold_withdrawn(channel_identity_ids: Iterable[int]) -> None:
    """A sighting is withdrawn while any of the same identifier with that channel identity at that grade is.

    Asked again whenever a boundary moves sightings: the word was about one person, not about who else used the address.
    """
    if ids := sorted(set(channel_identity_ids)):
        with connection.cursor() as cursor:
            cursor.execute(_REFOLD_WITHDRAWN, {"ids": ids})


def _standing(operation_ids: Collection[int]) -> QuerySet[Retraction]:
    """Every standing retraction of what the operations took back, by whichever operation, the newest last."""
    mine = Retraction.objects.filter(operation_id__in=operation_ids)
    same = (
        Q(decision__in=mine.exclude(decision=None).values("decision"))
        | Q(boundary__in=mine.exclude(boundary=None).values("boundary"))
        | Q(trait__in=mine.exclude(trait=None).values("trait"))
    )
    return Retraction.objects.filter(same, operation__is_standing=True).order_by("operation_id")


def _refold_decisions(operation_ids: Collection[int]) -> None:
    mine = Decision.objects.filter(
        Q(operation_id__in=operation_ids) | Q(retractions__operation_id__in=operation_ids)
    ).select_related("operation")
    for decision in mine.distinct():
        by = _undone_by(decision.operation) or _taken_back_by(Q(decision=decision))
        Decision.objects.filter(id=decision.pk).update(retracted_by_id=by)


def _refold_boundaries(operation_ids: Collection[int]) -> None:
    mine = Boundary.objects.filter(
        Q(operation_id__in=operation_ids) | Q(retractions__operation_id__in=operation_ids)
    ).select_related("operation")
    for boundary in mine.distinct():
        by = _undone_by(boundary.operation) or _taken_back_by(Q(boundary=boundary))
        Boundary.objects.filter(id=boundary.pk).update(withdrawn_by_id=by)


def _undone_by(operation: Operation | None) -> int | None:
    """The standing undo of an operation that does not stand."""
    if operation is None or operation.is_standing:
        return None
    return operation.undos.filter(is_standing=True).values_list("id", flat=True).first()


def _taken_back_by(what: Q) -> int | None:
    rows = Retraction.objects.filter(what, operation__is_standing=True).order_by("-operation_id")
    return rows.values_list("operation_id", flat=True).first()
