import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0001_initial"),
        ("monitor", "0010_channels_and_flapping"),
    ]

    operations = [
        migrations.CreateModel(
            name="StateDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("ok_s", models.PositiveIntegerField(default=0)),
                ("warn_s", models.PositiveIntegerField(default=0)),
                ("fail_s", models.PositiveIntegerField(default=0)),
                ("unknown_s", models.PositiveIntegerField(default=0)),
                ("maintenance_s", models.PositiveIntegerField(default=0)),
                ("paused_s", models.PositiveIntegerField(default=0)),
                ("orders", models.PositiveIntegerField(default=0)),
                ("on_time", models.PositiveIntegerField(default=0)),
                ("tolerance_s", models.PositiveIntegerField(null=True)),
                (
                    "integration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="state_days",
                        to="integrations.integration",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("integration", "day"), name="state_day_once")
                ],
                "indexes": [models.Index(fields=["day"], name="state_day_age")],
            },
        ),
        migrations.CreateModel(
            name="Unwatched",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("start_at", models.DateTimeField()),
                ("end_at", models.DateTimeField(null=True)),
                (
                    "integration",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unwatched",
                        to="integrations.integration",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("end_at__isnull", True), ("integration__isnull", False)),
                        fields=("integration",),
                        name="unwatched_once_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("end_at__isnull", True),
                            ("end_at__gte", models.F("start_at")),
                            _connector="OR",
                        ),
                        name="unwatched_lasts",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["integration", "start_at"], name="unwatched_of_integration")
                ],
            },
        ),
        # The state before a moment is found without walking over the transitions of single conditions.
        migrations.AddIndex(
            "transition",
            models.Index(
                condition=models.Q(("kind", "verdict")),
                fields=["integration", "-at"],
                name="transition_verdict_newest",
            ),
        ),
        # What is old enough to be forgotten is found without reading whole tables.
        migrations.AddIndex(
            "transition",
            django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="transition_age"),
        ),
        migrations.AddIndex(
            "arrival",
            models.Index(
                condition=models.Q(("arrived_at__isnull", True), ("expected", False)),
                fields=["eligible_at"],
                name="arrival_never_expected",
            ),
        ),
        migrations.AddIndex(
            "hubfailurelog",
            django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="hub_failure_age"),
        ),
        migrations.AddIndex(
            "call", django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="call_age")
        ),
        migrations.AddIndex(
            "latencyhour",
            django.contrib.postgres.indexes.BrinIndex(fields=["hour"], name="latency_hour_age"),
        ),
    ]
