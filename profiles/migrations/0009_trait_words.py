import django.contrib.postgres.search
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('profiles', '0008_blocked_senders'),
    ]

    operations = [
        migrations.AddField(
            model_name='trait',
            name='words',
            field=django.contrib.postgres.search.SearchVectorField(blank=True, editable=False, null=True),
        ),
    ]
