"""Which address is which view."""

from django.urls import path
from orders import views

urlpatterns = [
    path("routes/", views.routes),
    path("routes/<str:route>/parked/", views.parked),
]
