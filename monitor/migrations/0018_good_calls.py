"""Samples of good calls are forgotten long before the failed ones among which they lie."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("monitor", "0017_shared_cache")]

    operations = [
        migrations.AddIndex(
            "call", models.Index(fields=["at"], name="call_good", condition=Q(outcome="passed"))
        ),
    ]
