"""What is derived from the evidence and can be rebuilt at any time."""

from django.db import models


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
