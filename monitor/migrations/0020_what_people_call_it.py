"""Words of tables and columns, as the administration shows them; no change of any table."""

import django.db.models.deletion
import monitor.models.conditions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0004_what_people_call_it'),
        ('monitor', '0019_fleet_latency_by_day'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='audit',
            options={'verbose_name': 'change', 'verbose_name_plural': 'changes'},
        ),
        migrations.AlterModelOptions(
            name='member',
            options={'verbose_name': 'integration in it', 'verbose_name_plural': 'integrations in it'},
        ),
        migrations.AlterModelOptions(
            name='notice',
            options={'verbose_name': 'notice', 'verbose_name_plural': 'notices'},
        ),
        migrations.AlterModelOptions(
            name='transition',
            options={'verbose_name': 'change of state', 'verbose_name_plural': 'changes of state'},
        ),
        migrations.AlterModelOptions(
            name='user',
            options={'verbose_name': 'person', 'verbose_name_plural': 'people'},
        ),
        migrations.AlterField(
            model_name='audit',
            name='action',
            field=models.CharField(max_length=60, verbose_name='what'),
        ),
        migrations.AlterField(
            model_name='audit',
            name='actor',
            field=models.CharField(max_length=150, verbose_name='who'),
        ),
        migrations.AlterField(
            model_name='audit',
            name='after',
            field=models.JSONField(default=dict, verbose_name='after'),
        ),
        migrations.AlterField(
            model_name='audit',
            name='at',
            field=models.DateTimeField(auto_now_add=True, verbose_name='when'),
        ),
        migrations.AlterField(
            model_name='audit',
            name='before',
            field=models.JSONField(default=dict, verbose_name='before'),
        ),
        migrations.AlterField(
            model_name='audit',
            name='target',
            field=models.CharField(max_length=160, verbose_name='to what'),
        ),
        migrations.AlterField(
            model_name='audit',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='audits', to=settings.AUTH_USER_MODEL, verbose_name='person'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='acknowledged_at',
            field=models.DateTimeField(null=True, verbose_name='acknowledged at'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='acknowledged_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='acknowledged_incidents', to=settings.AUTH_USER_MODEL, verbose_name='acknowledged by'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='cause',
            field=models.CharField(choices=monitor.models.conditions.condition_kinds, max_length=20, verbose_name='cause'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='closed_at',
            field=models.DateTimeField(null=True, verbose_name='over'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='flapping_since',
            field=models.DateTimeField(null=True, verbose_name='comes and goes since'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='opened_at',
            field=models.DateTimeField(verbose_name='noticed'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='peak_waiting',
            field=models.PositiveIntegerField(default=0, verbose_name='most orders waiting'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='snoozed_until',
            field=models.DateTimeField(null=True, verbose_name='snoozed until'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='started_at',
            field=models.DateTimeField(verbose_name='began'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='state',
            field=models.CharField(choices=monitor.models.conditions.states, max_length=10, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='member',
            name='incident',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='monitor.incident', verbose_name='incident'),
        ),
        migrations.AlterField(
            model_name='member',
            name='integration',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='integrations.integration', verbose_name='integration'),
        ),
        migrations.AlterField(
            model_name='member',
            name='joined_at',
            field=models.DateTimeField(verbose_name='from'),
        ),
        migrations.AlterField(
            model_name='member',
            name='left_at',
            field=models.DateTimeField(null=True, verbose_name='until'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='answer',
            field=models.CharField(blank=True, max_length=500, verbose_name="the server's answer"),
        ),
        migrations.AlterField(
            model_name='notice',
            name='attempts',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='attempts'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='channel',
            field=models.CharField(choices=[('mail', 'e-mail'), ('webhook', 'web-hook'), ('slack', 'Slack-compatible web-hook')], db_default='mail', default='mail', max_length=10, verbose_name='by'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='created_at',
            field=models.DateTimeField(verbose_name='written'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='due_at',
            field=models.DateTimeField(verbose_name='next attempt'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='failed_at',
            field=models.DateTimeField(null=True, verbose_name='given up'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='incident',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='monitor.incident', verbose_name='incident'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='recipient',
            field=models.CharField(max_length=254, verbose_name='to'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='sent_at',
            field=models.DateTimeField(null=True, verbose_name='sent'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='step',
            field=models.CharField(max_length=20, verbose_name='about'),
        ),
        migrations.AlterField(
            model_name='refresh',
            name='asked_at',
            field=models.DateTimeField(null=True, verbose_name='the hub was asked'),
        ),
        migrations.AlterField(
            model_name='refresh',
            name='attempts',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='attempts'),
        ),
        migrations.AlterField(
            model_name='refresh',
            name='finished_at',
            field=models.DateTimeField(null=True, verbose_name='ended'),
        ),
        migrations.AlterField(
            model_name='refresh',
            name='integration',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refreshes', to='integrations.integration', verbose_name='integration'),
        ),
        migrations.AlterField(
            model_name='refresh',
            name='outcome',
            field=models.CharField(blank=True, choices=[('moved', 'moved'), ('no_effect', 'no effect'), ('failed', 'failed'), ('cancelled', 'cancelled')], max_length=20, verbose_name='outcome'),
        ),
        migrations.AlterField(
            model_name='refresh',
            name='requested_at',
            field=models.DateTimeField(verbose_name='asked for'),
        ),
        migrations.AlterField(
            model_name='refresh',
            name='stage',
            field=models.CharField(choices=[('queued', 'queued'), ('asking', 'under way'), ('waiting', 'waiting for a person'), ('watching', 'watching whether orders move'), ('done', 'done')], default='queued', max_length=20, verbose_name='progress'),
        ),
        migrations.AlterField(
            model_name='refresh',
            name='strategy',
            field=models.CharField(choices=[('hub_api', "the hub's refresh request"), ('push_orders', 'waiting orders are sent to the hub'), ('repush_tracking', 'missing tracking numbers are written to the store'), ('nudge_store', 'waiting orders are touched in the store'), ('panel', "a person presses Refresh in the hub's panel")], max_length=20, verbose_name='how'),
        ),
        migrations.AlterField(
            model_name='role',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='roles', to=settings.AUTH_USER_MODEL, verbose_name='person'),
        ),
        migrations.AlterField(
            model_name='subscription',
            name='bounce_answer',
            field=models.CharField(blank=True, max_length=500, verbose_name="the server's answer"),
        ),
        migrations.AlterField(
            model_name='subscription',
            name='bounced_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='refused for good'),
        ),
        migrations.AlterField(
            model_name='subscription',
            name='reported_week',
            field=models.DateField(blank=True, null=True, verbose_name='last week reported'),
        ),
        migrations.AlterField(
            model_name='transition',
            name='at',
            field=models.DateTimeField(verbose_name='when'),
        ),
        migrations.AlterField(
            model_name='transition',
            name='integration',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='transitions', to='integrations.integration', verbose_name='integration'),
        ),
        migrations.AlterField(
            model_name='transition',
            name='kind',
            field=models.CharField(max_length=20, verbose_name='about'),
        ),
        migrations.AlterField(
            model_name='transition',
            name='new_state',
            field=models.CharField(choices=monitor.models.conditions.states, max_length=10, verbose_name='state'),
        ),
    ]
