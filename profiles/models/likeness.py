"""What the search for duplicates remembers: keys to find candidates by, and how far it has come."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class LikenessKey(models.Model):
    """Something a channel identity showed that those alike share (`profiles.identity.alike.keys_of`), as a hash.

    A hash, so that no second copy of names and addresses lies about. Not deleted when evidence is withdrawn: a key
    only finds candidates, and those are compared by what stands.
    """

    pk = models.CompositePrimaryKey("key", "channel_identity_id")
    key = models.BigIntegerField()
    channel_identity = models.ForeignKey("profiles.ChannelIdentity", models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"likeness key of channel identity {self.channel_identity_id}"


class LikenessCursor(models.Model):
    """How far sightings, traits and operations have been looked at: up to the `done` ids; the next stretch ends at the
    `head` ids.

    `waits_for` are the transactions that wrote evidence while the heads were read: until they end, rows below the
    heads may still appear, because ids do not commit in order. The only row has the id 1.
    """

    sightings_done = models.BigIntegerField(default=0)
    traits_done = models.BigIntegerField(default=0)
    sightings_head = models.BigIntegerField(default=0)
    traits_head = models.BigIntegerField(default=0)
    operations_done = models.BigIntegerField(default=0)
    operations_head = models.BigIntegerField(default=0)
    waits_for = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    def __str__(self) -> str:
        return f"likeness cursor at {self.sightings_done}, {self.traits_done}"
