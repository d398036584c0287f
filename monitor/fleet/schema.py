"""The format of a fleet file as a JSON Schema, for editors and for people."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from integrations.registry import EDGES, HUBS, STORES, adapter_class
from monitor.fleet.document import FleetDocument
from monitor.fleet.secrets import secret_fields

_REFERENCE = "Write env:NAME (environment variable) or file:PATH (relative to the fleet file)."


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a fleet file, with what each kind of hub and platform asks for."""
    schema = FleetDocument.model_json_schema()
    definitions = schema["$defs"]
    for entry, choice, kinds in (
        ("AccountEntry", "kind", {*HUBS, *EDGES}),
        ("StoreEntry", "platform", STORES),
    ):
        definitions[entry]["allOf"] = [_of_kind(choice, kind, definitions) for kind in sorted(kinds)]
    # A file may leave it out (monitor.fleet.finding); what is applied always has it.
    definitions["StoreEntry"]["required"].remove("platform")
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        **schema,
        "title": "Syncwatch fleet",
        "$defs": dict(sorted(definitions.items())),
    }


def _of_kind(choice: str, kind: str, definitions: dict[str, Any]) -> dict[str, Any]:
    adapter = adapter_class(kind)
    settings = adapter.Settings.model_json_schema(ref_template=f"#/$defs/{kind}_{{model}}")
    definitions.update({f"{kind}_{name}": part for name, part in settings.pop("$defs", {}).items()})
    settings_name, credentials_name = f"{kind}_settings", f"{kind}_credentials"
    definitions[settings_name] = settings
    definitions[credentials_name] = _credentials(adapter.Credentials)
    return {
        "if": {"properties": {choice: {"const": kind}}, "required": [choice]},
        "then": {
            "properties": {
                "settings": {"$ref": f"#/$defs/{settings_name}"},
                "credentials": {"$ref": f"#/$defs/{credentials_name}"},
            }
        },
    }


def _credentials(model: type[BaseModel]) -> dict[str, Any]:
    """The model's fields, each of which may be a reference instead of a value."""
    secrets = secret_fields(model)
    properties: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        text = " ".join(part for part in (info.description, _REFERENCE if name in secrets else "") if part)
        properties[info.alias or name] = {"title": info.title or name} | (
            {"description": text} if text else {}
        )
    required = [info.alias or name for name, info in model.model_fields.items() if info.is_required()]
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }
