from django.db import migrations

from feedback.supplied import supply


def forward(apps, schema_editor):
    supply(kinds=apps.get_model("feedback", "TicketKind"), steps=apps.get_model("feedback", "LadderStep"))


class Migration(migrations.Migration):
    dependencies = [("feedback", "0003_ticket_subject")]
    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
