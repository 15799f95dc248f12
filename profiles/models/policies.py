"""Versions of the identity policy."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class IdentityPolicy(models.Model):
    """One version of the rules of `profiles.identity.policy`; its id is the version number.

    `preview` holds what the rebuild under this version would change, once somebody asked; only one is active.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        RETIRED = "retired"

    document = models.JSONField()
    state = models.CharField(max_length=7, choices=State, default=State.DRAFT)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    preview = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="active"), name="one_active_identity_policy")
        ]
        verbose_name_plural = "identity policies"

    def __str__(self) -> str:
        return f"identity policy {self.pk}"
