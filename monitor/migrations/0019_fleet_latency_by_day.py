"""The fleet's latency by the day, summed up from its hours: charts of months read a row a day."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

_FORWARD = """
    INSERT INTO monitor_latencyfleetday (platform, account_id, day, n, buckets, counts)
    SELECT platform, account_id, day, sum(c), array_agg(b ORDER BY b), array_agg(c ORDER BY b)
      FROM (SELECT platform, account_id, day, b, sum(c)::int AS c
              FROM (SELECT platform, account_id, (hour AT TIME ZONE 'UTC')::date AS day,
                           unnest(buckets) AS b, unnest(counts) AS c
                      FROM monitor_latencyfleethour) AS hours
             GROUP BY 1, 2, 3, 4) AS merged
     GROUP BY platform, account_id, day;
    SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0001_initial"),
        ("monitor", "0018_good_calls"),
    ]

    operations = [
        migrations.CreateModel(
            name="LatencyFleetDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("n", models.PositiveIntegerField(default=0)),
                (
                    "buckets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "counts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), default=list, size=None
                    ),
                ),
                ("platform", models.CharField(max_length=30)),
                ("day", models.DateField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="latency_days",
                        to="integrations.account",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="latency_fleet_day_at")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("platform", "account", "day"), name="latency_fleet_day_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(_FORWARD, migrations.RunSQL.noop),
    ]
