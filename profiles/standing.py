"""Folding what stands: evidence stands unless its operation was undone or a standing operation took it back."""

from collections.abc import Collection, Iterable

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
    Sighting.objects.filter(withdrawn_by_id__in=operation_ids).update(withdrawn_by=None)
    Trait.objects.filter(withdrawn_by_id__in=operation_ids).update(withdrawn_by=None)
    for retraction in _standing(operation_ids).exclude(sighting=None).select_related("sighting"):
        if retraction.sighting is not None:
            Sighting.objects.filter(same_sightings([retraction.sighting])).update(withdrawn_by=retraction.operation_id)
    for retraction in _standing(operation_ids).exclude(trait=None):
        Trait.objects.filter(retractions=retraction).update(withdrawn_by=retraction.operation_id)


def _standing(operation_ids: Collection[int]) -> QuerySet[Retraction]:
    """Every standing retraction of what the operations took back, by whichever operation, the newest last."""
    mine = Retraction.objects.filter(operation_id__in=operation_ids)
    same = (
        Q(decision__in=mine.exclude(decision=None).values("decision"))
        | Q(sighting__in=mine.exclude(sighting=None).values("sighting"))
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
