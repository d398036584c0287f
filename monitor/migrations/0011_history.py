from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("monitor", "0010_channels_and_flapping")]

    operations = []
