"""What humans decided: operations, the decisions they wrote, and what they took back. Append-only.

A decision, withdrawal or boundary of an operation stands while its operation stands and no standing operation took it
back; an operation stands until a standing undo names it. The columns `is_standing`, `retracted_by` and `withdrawn_by`
are folded from that (`profiles.standing`).
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.lookups import Exact

from profiles.identity.values import IdentifierKind, IdentifierStatus


class Operation(models.Model):
    """One use of a verb; groups its decisions so that it can be undone as a whole.

    `subjects` are the profiles it was about, the surviving one first; `detail` says the rest for the log.
    """

    class Verb(models.TextChoices):
        ADD = "add"
        MERGE = "merge"
        UNMERGE = "unmerge"
        DECIDE = "decide"
        ENTER = "enter"
        SPLIT = "split"
        MARK = "mark"
        WITHDRAW = "withdraw"
        UNDO = "undo"

    verb = models.CharField(max_length=8, choices=Verb)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    undoes = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="undos")
    is_standing = models.BooleanField(default=True)
    subjects = ArrayField(models.BigIntegerField(), default=list, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["undoes"], condition=Q(is_standing=True), name="undone_once_at_a_time")
        ]
        indexes = [GinIndex(fields=["subjects"], name="operation_subjects")]

    def __str__(self) -> str:
        return f"{self.verb} {self.pk}"


class Decision(models.Model):
    """A human's *same* or *different* about two channel identities.

    `aliases` are the values, as `kind|scope|join_key`, that a *same* declares to be one customer's.
    """

    class Verdict(models.TextChoices):
        SAME = "same"
        DIFFERENT = "different"

    operation = models.ForeignKey(Operation, models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=9, choices=Verdict)
    one = models.ForeignKey("profiles.ChannelIdentity", models.PROTECT, related_name="+")
    other = models.ForeignKey("profiles.ChannelIdentity", models.PROTECT, related_name="+")
    aliases = ArrayField(models.CharField(max_length=460), default=list, blank=True)
    retracted_by = models.ForeignKey(
        Operation, models.PROTECT, null=True, blank=True, related_name="retracted_decisions"
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(one__lt=F("other")), name="decision_pair_is_ordered")]
        indexes = [GinIndex(fields=["aliases"], name="decision_aliases")]

    def __str__(self) -> str:
        return f"{self.verdict} {self.pk}"


class Marking(models.Model):
    """A human's word on an identifier, all its variants included; the newest standing one rules."""

    operation = models.ForeignKey(Operation, models.PROTECT, related_name="markings")
    kind = models.CharField(max_length=16, choices=[(k, k) for k in IdentifierKind])
    scope = models.CharField(max_length=120, blank=True, default="")
    join_key = models.CharField(max_length=320)
    status = models.CharField(max_length=8, choices=[(s, s) for s in IdentifierStatus])

    class Meta:
        indexes = [models.Index(fields=["kind", "scope", "join_key"], name="marking_identifier")]

    def __str__(self) -> str:
        return f"marking {self.pk}"


class TraitChoice(models.Model):
    """The value that was chosen for a trait, while merging or by entering it: shown first as long as that stands."""

    operation = models.ForeignKey(Operation, models.PROTECT, related_name="trait_choices")
    trait = models.ForeignKey("profiles.Trait", models.PROTECT, related_name="choices")

    def __str__(self) -> str:
        return f"trait choice {self.pk}"


class Retraction(models.Model):
    """An operation took back one piece of evidence: exactly one of the four."""

    operation = models.ForeignKey(Operation, models.PROTECT, related_name="retractions")
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, blank=True, related_name="retractions")
    sighting = models.ForeignKey("profiles.Sighting", models.PROTECT, null=True, blank=True, related_name="retractions")
    boundary = models.ForeignKey("profiles.Boundary", models.PROTECT, null=True, blank=True, related_name="retractions")
    trait = models.ForeignKey("profiles.Trait", models.PROTECT, null=True, blank=True, related_name="retractions")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Exact(
                    Func(
                        F("decision"),
                        F("sighting"),
                        F("boundary"),
                        F("trait"),
                        function="num_nonnulls",
                        output_field=IntegerField(),
                    ),
                    1,
                ),
                name="retraction_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"retraction {self.pk}"
