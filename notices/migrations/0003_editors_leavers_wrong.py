import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def forward(apps, schema_editor):
    """Who wrote on the versions that there are, as far as it is known: who drafted it, and who edited it last."""
    version, editor = apps.get_model("notices", "Version"), apps.get_model("notices", "VersionEditor")
    rows = version.objects.values_list("pk", "drafted_by", "edited_by", "edited_at").order_by("pk")
    found = (
        editor(version_id=pk, user_id=user, at=at)
        for pk, drafted_by, edited_by, at in rows.iterator()
        for user in sorted({drafted_by, edited_by})
    )
    editor.objects.bulk_create(found, batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("notices", "0002_supplied"),
    ]
    operations = [
        migrations.CreateModel(
            name="VersionEditor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("user", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL,
                )),
                ("version", models.ForeignKey(
                    db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="editors",
                    to="notices.version",
                )),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("version", "user"), name="versioneditor_once")],
            },
        ),
        migrations.AddField(
            model_name="notice",
            name="withdrawn_wrong",
            field=models.BooleanField(default=False, verbose_name="what it said was wrong"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(("withdrawn_wrong", False), ("state", "withdrawn"), _connector="OR"),
                name="notice_wrong_is_withdrawn",
            ),
        ),
        migrations.AddField(model_name="receipt", name="left_at", field=models.DateTimeField(null=True)),
        migrations.RunPython(forward, migrations.RunPython.noop),
    ]  # fmt: skip
