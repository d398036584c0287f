"""The Django app of the outside world."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Connections")
    default_auto_field = "django.db.models.BigAutoField"
