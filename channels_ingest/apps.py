from django.apps import AppConfig


class ChannelsIngestConfig(AppConfig):
    name = "channels_ingest"
    default_auto_field = "django.db.models.BigAutoField"
