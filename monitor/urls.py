"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("monitor.dashboard.urls")),
    path("", include("monitor.dashboard.urls_account")),
    path("", include("monitor.dashboard.urls_people")),
    path("admin/", admin.site.urls),
]

handler403 = "monitor.dashboard.auth.permission_denied"
