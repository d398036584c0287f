from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitor", "0002_audit_append_only")]

    operations = [
        migrations.AddField(
            model_name="hubstate", name="system", field=models.CharField(blank=True, max_length=60, default=""),
            preserve_default=False,
        ),
    ]
