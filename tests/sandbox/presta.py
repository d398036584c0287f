"""What tests of the PrestaShop stand-in share: shapes of answers, keys by label, requests."""

import base64
import json
import re
from typing import Any
from xml.etree import ElementTree

from integrations.sandbox.client import Sandbox

SHOP = "presta"
WHO = {
    "orders_and_tracking": "monitor",
    "read": "read",
    "all_methods": "write",
    "no_order_permission": "customer",
}


def key(sandbox: Sandbox, who: str = "monitor", shop: str = SHOP) -> str:
    return sandbox.fleet.prestashop_key(shop, who)


def authorization(sandbox: Sandbox, label: str) -> dict[str, str]:
    """The header that a label of the recording stands for."""
    unknown = "Z" * 32
    texts = {
        "unknown_key": f"{unknown}:",
        "inactive_key": f"{unknown}:",
        "malformed_key": "short:",
        "empty_key": ":",
        "key_as_password": f"user:{key(sandbox)}",
    }
    if label == "none":
        return {}
    if label == "bearer_header":
        return {"Authorization": f"Bearer {key(sandbox)}"}
    return basic(texts.get(label) or f"{key(sandbox, WHO[label])}:")


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def errors(body: str) -> list[tuple[int, str]]:
    """(code, message) of each error, of either form."""
    if body.startswith('{"errors"'):
        # Not parsed: recorded bodies may be cut.
        rows = re.findall(r'"code":(\d+),"message":"((?:[^"\\]|\\.)*)', body)
        return [(int(code), message.replace('\\"', '"')) for code, message in rows]
    codes = re.findall(
        r"<code><!\[CDATA\[(\d+)\]\]></code>\s*<message><!\[CDATA\[(.*?)\]\]>", body, re.DOTALL
    )
    return [(int(code), message) for code, message in codes]


def shape(body: str) -> Any:
    """Names and types without values; the first entry stands for a whole list."""
    if body[:1] in ("{", "["):
        return _json_shape(json.loads(body))
    root = ElementTree.fromstring(body)
    return list(dict.fromkeys(_paths(root, "")))


def _json_shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json_shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_json_shape(part) for part in value[:1]]
    return "text" if value is None else type(value).__name__.replace("str", "text")


def _paths(element: ElementTree.Element, above: str) -> list[str]:
    path = f"{above}/{element.tag}"
    attributes = ",".join(sorted(name for name in element.attrib if not name.startswith("{")))
    own = path + (f"[{attributes}]" if attributes else "")
    return [own, *(found for child in element for found in _paths(child, path))]
