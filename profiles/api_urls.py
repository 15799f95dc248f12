from django.urls import path

from profiles.api import ProfileList

urlpatterns = [
    path("profiles/", ProfileList.as_view(), name="api-profiles"),
]
