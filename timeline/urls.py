"""The agents' pages."""

from django.urls import path

from timeline import views

urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/<slug:view>/", views.inbox, name="inbox"),
    path("inbox/<slug:view>/<int:profile_id>/", views.customer, name="inbox-customer"),
    path("customers/<int:profile_id>/", views.customer_alone, name="customer"),
    path("customers/<int:profile_id>/older/", views.older, name="older"),
    path("customers/<int:profile_id>/since/", views.since, name="since"),
]
