import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False  # indexes are built beside the running hub

    dependencies = [
        ('profiles', '0008_blocked_senders'),
    ]

    operations = [
        migrations.AddField(
            model_name='trait',
            name='words',
            field=django.contrib.postgres.search.SearchVectorField(blank=True, editable=False, null=True),
        ),
        AddIndexConcurrently(
            model_name='identifier',
            index=models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Lower('join_key'), 'text_pattern_ops'), name='identifier_beginning'),
        ),
        AddIndexConcurrently(
            model_name='identifier',
            index=models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('join_key'), 'text_pattern_ops'), condition=models.Q(('kind__in', ['phone', 'email'])), name='identifier_end'),
        ),
        AddIndexConcurrently(
            model_name='trait',
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['words'], name='trait_words'),
        ),
        AddIndexConcurrently(
            model_name='trait',
            index=models.Index(condition=models.Q(('name__in', ['name', 'username', 'company']), ('words__isnull', True)), fields=['id'], name='trait_unsearched'),
        ),
    ]
