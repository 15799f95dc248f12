"""What the simulator took in a provider's place."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from profiles.models import ChannelAccount


class SimulatedMessage(models.Model):
    """One message that the simulator took as a provider would, and how far it has reported it.

    `steps` are the reports still to come, as `[delivery, seconds after taking]` in the order in which they are posted.
    """

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="+", db_index=False)
    message_id = models.CharField(max_length=255)
    to = models.CharField(max_length=320)
    text = models.TextField(blank=True, default="")
    reference = models.CharField(max_length=255, blank=True, default="")
    status_url = models.CharField(max_length=1000, blank=True, default="")
    subject = models.TextField(blank=True, default="")
    html = models.TextField(blank=True, default="")
    extra = models.JSONField(default=dict, blank=True)
    taken_at = models.DateTimeField(db_default=Now())
    steps = models.JSONField(default=list, blank=True)
    next_step_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "message_id"], name="simulated_message_once"),
        ]
        indexes = [
            models.Index(fields=["next_step_at"], name="simulated_due", condition=Q(next_step_at__isnull=False)),
            models.Index(fields=["account", "to", "id"], name="simulated_inbox"),
        ]

    def __str__(self) -> str:
        return f"simulated message {self.pk}"
