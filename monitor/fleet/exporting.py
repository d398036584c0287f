"""The stored fleet as a file, without its secrets."""

import io
import re
from typing import Any

from django.utils.translation import gettext as _
from ruamel.yaml import YAML

from monitor.fleet.problems import Path
from monitor.fleet.secrets import map_leaves
from monitor.fleet.stored import SECTIONS, Section


def export() -> dict[str, list[dict[str, Any]]]:
    """Every section of the stored fleet, every key of every entry.

    A secret is written as ``env:SYNCWATCH_ACCOUNT_<NAME>_<FIELD>`` or ``env:SYNCWATCH_STORE_...``.
    """
    variables: set[str] = set()
    return {
        name: [_entry(section, row, variables) for row in section.stored().values()]
        for name, section in SECTIONS.items()
    }


def to_yaml(document: dict[str, list[dict[str, Any]]]) -> str:
    text = io.StringIO()
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 110
    yaml.dump(document, text)
    head = _("The fleet that Syncwatch watches. Secrets are named, not written; see docs/fleet.md.")
    return f"# {head}\n{text.getvalue()}"


def _entry(section: Section, row: Any, variables: set[str]) -> dict[str, Any]:
    entry = {key: section.value(row, key) for key in section.fields}
    if "credentials" in entry:
        entry["credentials"] = _references(f"{section.word}_{row.name}", entry["credentials"], variables)
    return entry


def _references(name: str, credentials: dict[str, Any], variables: set[str]) -> Any:
    def reference(path: Path, _value: Any) -> str:
        variable = re.sub(r"[^A-Z0-9]+", "_", "_".join(map(str, ("SYNCWATCH", name, *path))).upper())
        while variable in variables:  # names may differ in a dash only
            variable += "_"
        variables.add(variable)
        return f"env:{variable}"

    return map_leaves(credentials, reference)
