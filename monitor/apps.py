"""The Django app of the product."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class MonitorConfig(AppConfig):
    name = "monitor"
    verbose_name = "Syncwatch"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only from here on.
        from monitor import broker, celery, checks, schedule  # noqa: F401, PLC0415
        from monitor.access_control import after_migrate  # noqa: PLC0415
        from monitor.people import middleware, noting  # noqa: F401, PLC0415  # their receivers

        post_migrate.connect(after_migrate, sender=self, dispatch_uid="monitor.access_control")
        post_migrate.connect(broker.after_migrate, sender=self, dispatch_uid="monitor.broker")
        post_migrate.connect(schedule.after_migrate, sender=self, dispatch_uid="monitor.schedule")


class SyncwatchAdminConfig(AdminConfig):
    default_site = "monitor.admin_site.SyncwatchAdminSite"
