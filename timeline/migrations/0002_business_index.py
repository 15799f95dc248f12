from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index of a large timeline is made while entries go on coming

    dependencies = [("timeline", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="entry",
            index=models.Index(
                models.F("channel_identity"),
                models.OrderBy(models.F("occurred_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("kind__in", ["order", "payment", "survey"])),
                name="entry_business",
            ),
        ),
    ]
