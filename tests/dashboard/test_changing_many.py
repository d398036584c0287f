"""Changing several integrations: shown and confirmed first, and a row of the audit for each."""

from datetime import timedelta

import pytest

from integrations.models import Integration, Store
from monitor.models import Audit, Job, Maintenance
from tests.dashboard import factories as make
from tests.dashboard.conftest import signed_in

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def admin(db):
    return signed_in("admin", time_zone="Europe/Paris")


@pytest.fixture
def three(now) -> list[Integration]:
    return [make.watched(title, now) for title in ("Lyon", "Oslo", "Kyoto")]


def names(*integrations: Integration) -> list[str]:
    return [one.name for one in integrations]


def said(answer) -> str:
    return " ".join(answer.content.decode().split())


def confirm(client, change: str, chosen: list[Integration], **given: str):
    values = {
        "change": change,
        "names": " ".join(names(*chosen)),
        "given": "yes",
        "query": "state=ok",
        **given,
    }
    return client.post("/changes/start/", values)


def test_pausing_is_shown_first_and_then_done_with_an_audit_row_each(admin, three) -> None:
    lyon, oslo, _kyoto = three
    shown = said(admin.post("/changes/preview/", {"change": "pause", "chosen": names(lyon, oslo)}))
    assert "Make 2 changes" in shown
    assert "Kyoto" not in shown
    assert not Integration.objects.filter(is_paused=True).exists()
    answer = confirm(admin, "pause", [lyon, oslo])
    assert answer["Location"] == "/integrations/?state=ok"
    assert set(Integration.objects.filter(is_paused=True)) == {lyon, oslo}
    rows = Audit.objects.filter(action="integration.change")
    assert {(row.target, row.before["is_paused"], row.after["is_paused"]) for row in rows} == {
        (f"integration {lyon.name}", False, True),
        (f"integration {oslo.name}", False, True),
    }
    assert not Job.objects.filter(kind="store_orders", target_id=lyon.store_id).exists()


def test_what_is_so_already_is_left_alone(admin, three) -> None:
    Integration.objects.filter(pk=three[0].pk).update(is_paused=True)
    assert "Make 1 change" in said(
        admin.post("/changes/preview/", {"change": "resume", "chosen": names(*three)})
    )
    confirm(admin, "resume", three)
    assert Audit.objects.filter(action="integration.change").count() == 1
    assert "Nothing would change" in said(
        admin.post("/changes/preview/", {"change": "resume", "chosen": names(*three)})
    )


def test_all_that_are_found_are_those_of_the_search(admin, three) -> None:
    values = {"change": "pause", "all": "yes", "query": "q=lyon", "chosen": names(*three)}
    shown = said(admin.post("/changes/preview/", values))
    assert "Make 1 change" in shown
    assert "Oslo" not in shown


def test_a_tolerance_is_asked_for_shown_and_set(admin, three) -> None:
    asked = said(admin.post("/changes/preview/", {"change": "tolerance", "chosen": names(*three)}))
    assert "Tolerance in minutes" in asked
    assert "Make" not in asked
    values = {"change": "tolerance", "names": " ".join(names(*three)), "given": "yes"}
    assert admin.post("/changes/preview/", values | {"minutes": "0"}).status_code == 422
    shown = said(admin.post("/changes/preview/", values | {"minutes": "45"}))
    assert "learned" in shown
    assert "<b>45 min</b>" in shown
    confirm(admin, "tolerance", three, minutes="45")
    assert set(Integration.objects.values_list("tolerance_s", flat=True)) == {2700}


def test_tags_belong_to_stores_and_the_preview_says_whom_else_that_concerns(admin, three, now) -> None:
    lyon = three[0]
    make.IntegrationFactory(store=lyon.store, account=make.AccountFactory(name="nord", title="Nord"))
    Store.objects.filter(pk=lyon.store_id).update(tags=["old"])
    values = {"change": "add-tag", "names": lyon.name, "given": "yes", "tag": " north "}
    shown = said(admin.post("/changes/preview/", values))
    assert "<b>old, north</b>" in shown
    assert "1 other integration of this store too" in shown
    confirm(admin, "add-tag", [lyon], tag="north")
    assert Store.objects.get(pk=lyon.store_id).tags == ["old", "north"]
    confirm(admin, "remove-tag", [lyon], tag="old")
    assert Store.objects.get(pk=lyon.store_id).tags == ["north"]
    assert Audit.objects.filter(action="store.change").count() == 2


def test_operators_plan_maintenance_for_several_but_pause_nothing(operator, three, now) -> None:
    confirm(operator, "maintenance", three[:2], title="Move", hours="2")
    windows = Maintenance.objects.all()
    assert {one.store_id for one in windows} == {three[0].store_id, three[1].store_id}
    assert {one.ends_at for one in windows} == {now + timedelta(hours=2)}
    assert Audit.objects.filter(action="maintenance.plan").count() == 2
    assert confirm(operator, "pause", three).status_code == 403
    page = said(operator.get("/integrations/"))
    assert 'value="maintenance"' in page
    assert 'value="pause"' not in page


def test_viewers_change_nothing(viewer, three) -> None:
    assert "change-chosen" not in said(viewer.get("/integrations/"))
    for change in ("pause", "maintenance", "add-tag"):
        assert confirm(viewer, change, three, tag="x", title="x", hours="1").status_code == 403
    assert confirm(viewer, "nonsense", three).status_code == 404


def test_nothing_ticked_is_said(admin, three) -> None:
    answer = admin.post("/changes/preview/", {"change": "pause"}, follow=True)
    assert "Tick the integrations that are to be changed first." in said(answer)
