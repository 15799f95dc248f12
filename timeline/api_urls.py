from django.urls import path

from timeline.api import Queue, Timeline

urlpatterns = [
    path("profiles/<int:profile_id>/timeline/", Timeline.as_view(), name="api-timeline"),
    path("queue/", Queue.as_view(), name="api-queue"),
]
