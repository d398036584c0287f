"""The fleet as a file to keep, as ``manage.py fleet export`` writes it."""

from typing import cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitor import audit
from monitor.access_control import EXPORT_FLEET, requires
from monitor.fleet.exporting import export, to_yaml
from monitor.models import User


@require_POST
@requires(EXPORT_FLEET)
def fleet_file(request: HttpRequest) -> HttpResponse:
    """The file, without any secret. Who took it is audited: it names addresses and who is told."""
    with transaction.atomic():
        document = export()
        counts = {section: len(entries) for section, entries in document.items()}
        audit.record(cast(User, request.user), "fleet.export", "fleet", after=counts)
    answer = HttpResponse(to_yaml(document), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="fleet-{timezone.localdate():%Y-%m-%d}.yaml"'
    return answer
