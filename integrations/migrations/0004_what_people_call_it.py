"""Words of tables and columns, as the administration shows them; no change of any table."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0003_refresh_policy'),
    ]

    operations = [
        migrations.AlterField(
            model_name='account',
            name='created_at',
            field=models.DateTimeField(auto_now_add=True, verbose_name='connected'),
        ),
        migrations.AlterField(
            model_name='integration',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='integrations', to='integrations.account', verbose_name='hub account'),
        ),
        migrations.AlterField(
            model_name='integration',
            name='created_at',
            field=models.DateTimeField(auto_now_add=True, verbose_name='connected'),
        ),
        migrations.AlterField(
            model_name='integration',
            name='store',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='integrations', to='integrations.store', verbose_name='store'),
        ),
        migrations.AlterField(
            model_name='store',
            name='created_at',
            field=models.DateTimeField(auto_now_add=True, verbose_name='connected'),
        ),
    ]
