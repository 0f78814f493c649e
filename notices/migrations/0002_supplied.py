from django.db import migrations

from notices.supplied import supply


def forward(apps, schema_editor):
    supply(apps)


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_initial"), ("accounts", "0002_first_agreement")]
    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
