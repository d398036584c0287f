"""Open incidents are looked at again when something about them is due, not every few seconds."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("monitor", "0015_fleet_latency_by_account")]

    operations = [
        migrations.AddField("incident", "look_again_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "incident", "looked_for", models.CharField(blank=True, db_default="", default="", max_length=16)
        ),
        migrations.AddIndex(
            "incident",
            models.Index(
                fields=["hushed_by"],
                name="incident_hushed",
                condition=Q(hushed_at__isnull=False, unhushed_at__isnull=True),
            ),
        ),
        migrations.AddIndex(
            "incident",
            models.Index(
                fields=["snoozed_until"],
                name="incident_snoozed",
                condition=Q(snoozed_until__isnull=False),
            ),
        ),
    ]
