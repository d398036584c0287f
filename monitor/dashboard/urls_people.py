"""Addresses of the pages about people, connections and the health of Syncwatch itself."""

from django.urls import URLPattern, path

from monitor.dashboard import docs, health_pages, notices, setup, status
from monitor.dashboard.audit_page import audit_page
from monitor.dashboard.connect import finding, integration_views, views
from monitor.dashboard.connect.fleet_file import fleet_file


def _remote(side: str) -> list[URLPattern]:
    """The pages that accounts and stores both have."""
    of, kind = f"connect/{side}s/<slug:name>/", {"side": side}
    return [
        path(f"connect/add/{side}/<slug:kind>/", views.add, kind, name=f"connect-{side}-add"),
        path(of, views.change, kind, name=f"connect-{side}"),
        path(f"{of}test/", views.test, kind, name=f"connect-{side}-test"),
        path(f"{of}remove/", integration_views.remove, kind, name=f"connect-{side}-remove"),
    ]


urlpatterns = [
    path("setup/", setup.setup, name="setup"),
    path("notices/", notices.notices_page, name="notices"),
    path("notices/add/<slug:channel>/", notices.add, name="notices-add"),
    path("notices/stores/", notices.store_names, name="notices-stores"),
    path("notices/<int:pk>/", notices.change, name="notices-change"),
    path("notices/<int:pk>/test/", notices.test, name="notices-test"),
    path("notices/<int:pk>/tested/", notices.tested, name="notices-tested"),
    path("notices/<int:pk>/works-again/", notices.works_again, name="notices-works-again"),
    path("notices/<int:pk>/secret/", notices.secret, name="notices-secret"),
    path("notices/<int:pk>/week/", notices.week, name="notices-week"),
    path("notices/<int:pk>/remove/", notices.remove, name="notices-remove"),
    path("audit/", audit_page, name="audit"),
    path("docs/", docs.docs, name="docs"),
    path("docs/<path:path>", docs.docs, name="docs-page"),
    path("healthz", health_pages.healthz, name="healthz"),
    path("favicon.ico", health_pages.favicon, name="favicon"),
    path("readyz", health_pages.readyz, name="readyz"),
    path("status/", status.status, name="status"),
    path("metrics", status.metrics, name="metrics"),
    path("connect/", views.connections, name="connect"),
    path("connect/find/", finding.find, name="connect-store-find"),
    path("connect/fleet.yaml", fleet_file, name="connect-fleet-file"),
    *_remote("account"),
    *_remote("store"),
    path("connect/accounts/<slug:name>/integrations/", integration_views.watch, name="connect-watch"),
    path("connect/integrations/<slug:name>/", integration_views.change, name="connect-integration"),
    path(
        "connect/integrations/<slug:name>/remove/",
        integration_views.remove,
        {"side": "integration"},
        name="connect-integration-remove",
    ),
]
