"""Which integrations a person means who does something with several."""

from collections.abc import Sequence

from django.http import HttpRequest, QueryDict

from integrations.models import Integration
from monitor.dashboard.queries import fleet, table
from monitor.scope import scope_of

LONGEST_NAME = 120
LONGEST_QUERY = 2_000


def chosen(
    request: HttpRequest, permission: str, most: int, *, with_keys: bool = False
) -> Sequence[Integration]:
    """Those in which the person has the permission: with ``all`` whatever the search in ``query`` finds, else
    those whose names are in ``names`` (separated by blanks) or in the ticked boxes ``chosen``; worst first.

    ``with_keys``: their credentials too, which whether a hub can be asked depends on. At most one more than
    ``most``, which tells that there are too many.
    """
    scope = scope_of(request.user, permission)
    if request.POST.get("all"):
        rows = table.found(table.Wanted.of(QueryDict(request.POST.get("query", "")[:LONGEST_QUERY])), scope)
    else:
        given = [*request.POST.get("names", "").split(), *request.POST.getlist("chosen")]
        names = [name.replace("\0", "")[:LONGEST_NAME] for name in given[: most + 1]]
        rows = fleet.worst_first(scope.limit(Integration.objects.filter(name__in=names)))
    return list((rows.defer(None) if with_keys else rows)[: most + 1])
