from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("monitor", "0011_history")]

    operations = []
