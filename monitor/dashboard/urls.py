"""Addresses of the pages about the fleet. People, connections and health are in ``urls_people``."""

from django.urls import path

from monitor.dashboard import (
    access,
    answering,
    charts,
    incidents,
    integrations,
    maintenance,
    overview,
    refresh_list,
    refreshing,
    refreshing_many,
    systems,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("integrations/", integrations.integration_list, name="integrations"),
    path("integrations/<str:name>/", integrations.integration_page, name="integration"),
    path("integrations/<str:name>/refresh/", refreshing.request_refresh, name="refresh-request"),
    path("integrations/<str:name>/refresh/opened/", refreshing.panel_opened, name="refresh-opened"),
    path("integrations/<str:name>/webhooks/", systems.subscribe, name="store-subscribe"),
    path("integrations/<str:name>/seen/<slug:code>/", systems.tick, name="manual-tick"),
    path("integrations/<str:name>/examine/", access.examine_now, name="examine-now"),
    path("refreshes/", refresh_list.refresh_list, name="refreshes"),
    path("refreshes/export.csv", refresh_list.refreshes_csv, name="refreshes-csv"),
    path("refreshes/preview/", refreshing_many.preview, name="refresh-preview"),
    path("refreshes/start/", refreshing_many.start, name="refresh-start"),
    path("refreshes/<int:pk>/", refreshing.refresh_page, name="refresh"),
    path("refreshes/<int:pk>/cancel/", refreshing.cancel_refresh, name="refresh-cancel"),
    path("refreshes/several/<int:pk>/", refreshing_many.bulk_page, name="refresh-many"),
    path("refreshes/several/<int:pk>/cancel/", refreshing_many.cancel_rest, name="refresh-many-cancel"),
    path("blocked/", access.blocked, name="blocked"),
    path("incidents/", incidents.incident_list, name="incidents"),
    path("incidents/<int:pk>/", incidents.incident_page, name="incident"),
    path(
        "incidents/<int:pk>/acknowledge/",
        answering.answer,
        {"what": "acknowledge"},
        name="incident-acknowledge",
    ),
    path("incidents/<int:pk>/snooze/", answering.answer, {"what": "snooze"}, name="incident-snooze"),
    path("incidents/<int:pk>/comment/", answering.answer, {"what": "comment"}, name="incident-comment"),
    path("incidents/answer/<str:token>/", answering.answer_by_mail, name="incident-answer"),
    path("maintenance/", maintenance.maintenance, name="maintenance"),
    path("maintenance/<int:pk>/end/", maintenance.end, name="maintenance-end"),
    path("charts/latency-<slug:group>.<slug:form>", charts.fleet_latency, name="chart-fleet-latency"),
    path("charts/<str:name>/latency.<slug:form>", charts.integration_latency, name="chart-latency"),
]
