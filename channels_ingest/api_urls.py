"""Where our own servers post what they know of customers, and agents' programs answer them."""

from django.urls import path

from channels_ingest.evidence_api import Events, Identify, Receipt
from channels_ingest.sending.api import Messages, Retry, TakeBack
from channels_ingest.starting.api import Addresses, Profiles
from channels_ingest.writing.api import Uploads

urlpatterns = [
    path("identify/", Identify.as_view(), name="api-identify"),
    path("events/", Events.as_view(), name="api-events"),
    path("receipts/<str:receipt>/", Receipt.as_view(), name="api-receipt"),
    path("profiles/", Profiles.as_view(), name="api-profiles"),
    path("profiles/<int:profile_id>/addresses/", Addresses.as_view(), name="api-addresses"),
    path("uploads/", Uploads.as_view(), name="api-uploads"),
    path("profiles/<int:profile_id>/messages/", Messages.as_view(), name="api-messages"),
    path("messages/<int:entry_id>/take-back/", TakeBack.as_view(), name="api-take-back"),
    path("messages/<int:entry_id>/retry/", Retry.as_view(), name="api-retry"),
]
