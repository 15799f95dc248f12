"""Where our own servers post what they know of customers."""

from django.urls import path

from channels_ingest.evidence_api import Events, Identify, Receipt

urlpatterns = [
    path("identify/", Identify.as_view(), name="api-identify"),
    path("events/", Events.as_view(), name="api-events"),
    path("receipts/<str:receipt>/", Receipt.as_view(), name="api-receipt"),
]
