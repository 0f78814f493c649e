from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "channelportal.core"
    label = "core"
    verbose_name = _("Foundations")

    def ready(self) -> None:
        from channelportal.core import checks  # noqa: F401, PLC0415  (registers the system checks)
