"""The fleet's latency by hub account too, made anew from the hours of the integrations."""

import django.db.models.deletion
from django.db import migrations, models

# Checks of foreign keys that were still to come would stand in the way of the next change of the table.
_FORWARD = """
    DELETE FROM monitor_latencyfleethour WHERE account_id IS NULL;
    INSERT INTO monitor_latencyfleethour (platform, account_id, hour, n, buckets, counts)
    SELECT platform, account_id, hour, sum(c), array_agg(b ORDER BY b), array_agg(c ORDER BY b)
      FROM (SELECT s.platform, i.account_id, l.hour, u.b, sum(u.c)::int AS c
              FROM monitor_latencyhour l
              JOIN integrations_integration i ON i.id = l.integration_id
              JOIN integrations_store s ON s.id = i.store_id,
                   unnest(l.buckets, l.counts) AS u(b, c)
             GROUP BY 1, 2, 3, 4) AS merged
     GROUP BY platform, account_id, hour;
    SET CONSTRAINTS ALL IMMEDIATE;
"""
_BACKWARD = """
    CREATE TEMPORARY TABLE merged ON COMMIT DROP AS
    SELECT platform, hour, sum(c)::int AS n,
           array_agg(b ORDER BY b) AS buckets, array_agg(c ORDER BY b) AS counts
      FROM (SELECT l.platform, l.hour, u.b, sum(u.c)::int AS c
              FROM monitor_latencyfleethour l, unnest(l.buckets, l.counts) AS u(b, c)
             GROUP BY 1, 2, 3) AS sums
     GROUP BY platform, hour;
    DELETE FROM monitor_latencyfleethour;
    INSERT INTO monitor_latencyfleethour (platform, hour, n, buckets, counts)
    SELECT platform, hour, n, buckets, counts FROM merged;
    SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0001_initial"),
        ("monitor", "0014_notice_of_recipient"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="latencyfleethour", name="latency_fleet_hour_once"),
        migrations.AddField(
            model_name="latencyfleethour",
            name="account",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="latency_hours",
                to="integrations.account",
            ),
        ),
        migrations.RunSQL(_FORWARD, _BACKWARD),
        migrations.AlterField(
            model_name="latencyfleethour",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="latency_hours",
                to="integrations.account",
            ),
        ),
        migrations.AddConstraint(
            model_name="latencyfleethour",
            constraint=models.UniqueConstraint(
                fields=["platform", "account", "hour"], name="latency_fleet_hour_once"
            ),
        ),
        migrations.AddIndex(
            model_name="latencyfleethour", index=models.Index(fields=["hour"], name="latency_fleet_hour_at")
        ),
    ]
