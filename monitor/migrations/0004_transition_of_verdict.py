"""An index for the pages that show how the whole fleet fared: verdicts' transitions by time."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("monitor", "0003_hub_state_system")]

    operations = [
        migrations.AddIndex(
            model_name="transition",
            index=models.Index(
                condition=models.Q(("kind", "verdict")), fields=["at"], name="transition_of_verdict"
            ),
        ),
    ]
