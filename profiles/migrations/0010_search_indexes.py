import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


def concurrently(model, index, sql):
    """The index is built beside the running hub; what a killed attempt left behind is dropped first."""
    return migrations.RunSQL(
        sql=[f'DROP INDEX CONCURRENTLY IF EXISTS {index.name}', f'CREATE INDEX CONCURRENTLY {index.name} ON {sql}'],
        reverse_sql=[f'DROP INDEX CONCURRENTLY IF EXISTS {index.name}'],
        state_operations=[migrations.AddIndex(model_name=model, index=index)],
    )


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('profiles', '0009_trait_words'),
    ]

    operations = [
        concurrently(
            'identifier',
            models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Lower('join_key'), 'text_pattern_ops'), name='identifier_beginning'),
            'profiles_identifier (lower(join_key) text_pattern_ops)',
        ),
        concurrently(
            'identifier',
            models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('join_key'), 'text_pattern_ops'), condition=models.Q(('kind__in', ['phone', 'email'])), name='identifier_end'),
            "profiles_identifier (reverse(join_key) text_pattern_ops) WHERE kind IN ('phone', 'email')",
        ),
        concurrently(
            'trait',
            django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['words'], name='trait_words'),
            'profiles_trait USING gin (words) WITH (fastupdate = off)',
        ),
        concurrently(
            'trait',
            models.Index(condition=models.Q(('name__in', ['name', 'username', 'company']), ('words__isnull', True)), fields=['id'], name='trait_unsearched'),
            "profiles_trait (id) WHERE name IN ('name', 'username', 'company') AND words IS NULL",
        ),
    ]
