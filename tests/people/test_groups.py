"""The three groups have exactly their permissions after every migrate."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from monitor.access_control import ADMIN, OPERATOR, VIEWER, ensure_groups

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def permissions(name: str) -> set[str]:
    return {
        f"{row.content_type.app_label}.{row.codename}"
        for row in Group.objects.get(name=name).permissions.select_related("content_type")
    }


def test_viewer_sees_and_changes_nothing() -> None:
    held = permissions(VIEWER)
    assert {"monitor.view_verdict", "integrations.view_store", "monitor.view_incident"} <= held
    assert all(name.partition(".")[2].startswith("view_") for name in held)
    assert not held & {"monitor.view_audit", "monitor.view_user"}


def test_operator_adds_four_rights_to_the_viewer() -> None:
    extra = permissions(OPERATOR) - permissions(VIEWER)
    assert extra == {
        "monitor.force_refresh",
        "monitor.acknowledge_incident",
        "monitor.plan_maintenance",
        "monitor.share_savedview",
    }


def test_admin_has_every_permission() -> None:
    assert len(permissions(ADMIN)) == Permission.objects.count()


def test_a_second_time_changes_nothing_and_mends_what_was_changed() -> None:
    before = permissions(VIEWER)
    viewer = Group.objects.get(name=VIEWER)
    viewer.permissions.clear()
    viewer.permissions.add(Permission.objects.get(codename="force_refresh"))
    ensure_groups(apps)
    assert permissions(VIEWER) == before
    assert Group.objects.filter(name__in=[VIEWER, OPERATOR, ADMIN]).count() == 3
