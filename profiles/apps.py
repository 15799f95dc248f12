from django.apps import AppConfig
from django.contrib.postgres.indexes import OpClass
from django.db.backends.signals import connection_created
from django.db.models.expressions import OrderBy
from django.db.models.functions import Collate
from django.db.models.indexes import IndexExpression


class ProfilesConfig(AppConfig):
    name = "profiles"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from profiles import openapi  # noqa: F401  (registers how authentication is documented)
        from profiles.prepared import keep_plans

        connection_created.connect(keep_plans)

        # What `django.contrib.postgres` would do as an app; it would also ask every new connection for types.
        IndexExpression.register_wrappers(OrderBy, OpClass, Collate)
