"""What processes share for a while: counts of attempts to sign in, codes that were used already.

Nothing of it is worth writing to the log of the database: after a crash it is empty, which is right.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("monitor", "0016_incident_looked_at")]

    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE shared_cache (
                cache_key varchar(255) NOT NULL PRIMARY KEY,
                value text NOT NULL,
                expires timestamp with time zone NOT NULL
            );
            CREATE INDEX shared_cache_expires ON shared_cache (expires);
            """,
            "DROP TABLE shared_cache;",
        )
    ]
