"""What is derived from the evidence and can be rebuilt at any time."""

from django.db import models
from django.db.models import F, Q

from profiles.models.decisions import Operation


class Profile(models.Model):
    """The person as we now believe: a block of channel identities.

    Its id is the birth id of its oldest channel identity, so a profile row exists for every channel identity ever
    born and is never deleted: a row without channel identities is a merged one, and
    `ChannelIdentity(id=<that id>).profile_id` is where it went. Ids therefore need no alias table and never die.
    """

    id = models.BigIntegerField(primary_key=True)
    display_name = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"profile {self.pk}"


class Review(models.Model):
    """Two people who may be one, for a human to look at; one review for each pair.

    `one` and `other` are the oldest channel identities of both profiles when it was raised: whoever they belong to now
    is what it is about. `reasons` are facts as `{"code", ...}`, told in words by `profiles.wording`. It is open while
    the two are different profiles and no standing *different* between them is later than `again_since`.
    """

    class Kind(models.TextChoices):
        CONFLICT = "conflict"  # proved evidence says same, a limit or a decision says no
        CLAIM = "claim"  # somebody said so, nothing proves it
        DUPLICATE = "duplicate"  # two profiles look alike

    kind = models.CharField(max_length=9, choices=Kind)
    one = models.ForeignKey("profiles.ChannelIdentity", models.PROTECT, related_name="+", db_index=False)
    other = models.ForeignKey("profiles.ChannelIdentity", models.PROTECT, related_name="+")
    reasons = models.JSONField(default=list, blank=True)
    raised_at = models.DateTimeField(auto_now_add=True)
    again_since = models.DateTimeField(null=True, blank=True, help_text="raised again, after a decision, by new proof")
    later_until = models.DateTimeField(null=True, blank=True, help_text="put off by a human until then")
    operation = models.ForeignKey(Operation, models.PROTECT, null=True, blank=True, related_name="reviews")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="review_once_per_pair"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="review_pair_is_ordered"),
        ]
        indexes = [models.Index(fields=["-raised_at", "-id"], name="review_queue")]

    def __str__(self) -> str:
        return f"{self.kind} review {self.pk}"
