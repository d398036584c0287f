import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

LANGUAGES = [("en", "English"), ("fr", "French")]
THEMES = [("", "As the device is set"), ("light", "Light"), ("dark", "Dark")]


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("monitor", "0011_history"),
    ]

    operations = [
        migrations.AddField(
            "user",
            "theme",
            models.CharField(
                blank=True, choices=THEMES, db_default="", default="", max_length=5, verbose_name="theme"
            ),
        ),
        migrations.AddField(
            "user",
            "last_seen_at",
            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last seen"),
        ),
        migrations.CreateModel(
            "Invitation",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="for stores with the tags",
                    ),
                ),
                (
                    "language",
                    models.CharField(choices=LANGUAGES, default="en", max_length=8, verbose_name="language"),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "accepted_by",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="invitation",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="auth.group",
                        verbose_name="role",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="invitations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "indexes": [models.Index(fields=["-created_at"], name="invitation_newest")],
            },
        ),
        migrations.CreateModel(
            "Role",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        models.CharField(max_length=40),
                        help_text="Separated by commas; one of them is enough.",
                        size=None,
                        verbose_name="for stores with the tags",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="roles",
                        to="auth.group",
                        verbose_name="role",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="roles",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "role for some stores",
                "verbose_name_plural": "roles for some stores",
                "constraints": [
                    models.UniqueConstraint(fields=["user", "group"], name="role_once_per_group"),
                    models.CheckConstraint(condition=models.Q(tags__len__gt=0), name="role_of_some_tags"),
                ],
            },
        ),
    ]
