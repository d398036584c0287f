"""What was last sent to an address is found without reading all that ever was."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitor", "0013_saved_views")]

    operations = [
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["recipient", "-created_at"], name="notice_of_recipient"),
        )
    ]
