"""When the periodic tasks run: the scheduler's rows, with their changes audited."""

from django.contrib import admin
from django_celery_beat.admin import (
    ClockedScheduleAdmin,
    CrontabScheduleAdmin,
    IntervalScheduleAdmin,
    PeriodicTaskAdmin,
)
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from monitor.admin.base import Audited

# Its own page of a periodic task carries an inline script, which our content policy forbids.
plain_page = {"change_form_template": "admin/change_form.html"}

for model, its_admin, more in (
    (PeriodicTask, PeriodicTaskAdmin, plain_page),
    (IntervalSchedule, IntervalScheduleAdmin, {"search_fields": ("every", "period")}),
    (CrontabSchedule, CrontabScheduleAdmin, {"search_fields": ("minute", "hour", "day_of_week", "timezone")}),
    (ClockedSchedule, ClockedScheduleAdmin, {"search_fields": ("clocked_time",)}),
):
    admin.site.unregister(model)
    admin.site.register(model, type(f"Audited{its_admin.__name__}", (Audited, its_admin), more))

# Nothing here depends on where the sun stands.
admin.site.unregister(SolarSchedule)
