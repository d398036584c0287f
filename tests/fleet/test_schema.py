"""The JSON Schema in docs/ is the one of this version, and editors can rely on it."""

from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.conf import settings
from django.core.management import call_command

from integrations.registry import HUBS, STORES, adapter_class
from monitor.fleet.schema import json_schema

pytestmark = pytest.mark.unit

SHIPPED = Path(settings.BASE_DIR) / "docs" / "fleet.schema.json"


def document() -> dict[str, Any]:
    return {
        "accounts": [
            {
                "name": "eu",
                "kind": "sendcloud",
                "url": "https://panel.sendcloud.sc/api",
                "credentials": {"public_key": "env:A", "secret_key": "file:b"},
            }
        ],
        "stores": [
            {
                "name": "lyon",
                "platform": "woocommerce",
                "url": "https://lyon.example",
                "settings": {"expected_statuses": ["processing"]},
            }
        ],
        "integrations": [
            {"name": "a", "account": "eu", "store": "lyon", "external_id": "1", "tolerance_s": None}
        ],
    }


def test_the_shipped_schema_is_current():
    out = StringIO()
    call_command("fleet", "schema", stdout=out)
    assert SHIPPED.read_text() == out.getvalue(), "run: manage.py fleet schema > docs/fleet.schema.json"


def test_it_is_a_schema_that_accepts_a_right_file():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(document(), json_schema())


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("accounts", {"kind": "sendclod"}),
        ("accounts", {"titel": "Europe"}),
        ("accounts", {"credentials": {"public_key": "env:A"}}),
        ("accounts", {"credentials": {"public_key": "env:A", "secret_key": "env:B", "password": "env:C"}}),
        ("accounts", {"requests_per_minute": 0}),
        ("stores", {"settings": {"expected_status": ["processing"]}}),
        ("integrations", {"tolerance_s": "15 min"}),
    ],
)
def test_it_refuses_what_applying_would_refuse(section: str, change: dict[str, Any]):
    wrong = document()
    wrong[section][0].update(change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, json_schema())


def test_it_knows_every_kind_of_hub_and_platform():
    definitions = json_schema()["$defs"]
    for kind in [*HUBS, *STORES]:
        assert set(definitions[f"{kind}_credentials"]["properties"]) == set(
            adapter_class(kind).Credentials.model_fields
        )
