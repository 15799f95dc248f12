from django.apps import AppConfig


class HubConfig(AppConfig):
    name = "cxhub"

    def ready(self) -> None:
        # Every process that publishes a task needs the configured app. The usual import in `cxhub/__init__.py` would
        # make the bootstrap, which runs before anything is installed, import Celery.
        from cxhub import celery  # noqa: F401
