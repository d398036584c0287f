"""Answers of the webservice in XML and JSON, laid out as the real one does."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import orjson

from integrations.sandbox.shops.pages import Page
from integrations.sandbox.shops.prestashop_rows import Fields
from integrations.sandbox.shops.request import ShopRequest

REALM = (
    'Basic realm="Welcome to PrestaShop Webservice, please enter the authentication key as the login. '
    'No password required."'
)
SINGULAR = {
    "addresses": "address",
    "countries": "country",
    "currencies": "currency",
    "order_histories": "order_history",
}
"""Other resources lose their last letter."""
_LINKS = {
    "id_address_delivery": "addresses",
    "id_address_invoice": "addresses",
    "id_cart": "carts",
    "id_currency": "currencies",
    "id_lang": "languages",
    "id_customer": "customers",
    "id_carrier": "carriers",
    "current_state": "order_states",
    "id_order": "orders",
    "id_order_state": "order_states",
    "id_country": "countries",
}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<prestashop xmlns:xlink="http://www.w3.org/1999/xlink">\n'
_EMPTY = ("", "0")


def singular(resource: str) -> str:
    return SINGULAR.get(resource, resource[:-1])


def wants_json(request: ShopRequest) -> bool:
    asked = request.query.get("output_format") or request.headers.get("output-format")
    return (asked or request.headers.get("io-format", "")).upper() == "JSON"


def answer(request: ShopRequest, status: int, body: bytes, version: str) -> Page:
    """A page with the headers of every answer to a request with a key. No body: no type."""
    headers = {
        "Server": "Apache",
        "Access-Time": str(int(request.at)),
        "X-Powered-By": "PrestaShop Webservice",
        "PSWS-Version": version,
        "Execution-Time": "0.006",
    }
    if status < 300:
        headers["Content-Sha1"] = hashlib.sha1(body).hexdigest()  # noqa: S324 (the real one's)
    if body:
        headers["Content-Type"] = "application/json" if wants_json(request) else "text/xml;charset=utf-8"
    return Page(status, body, headers)


def errors(request: ShopRequest, status: int, said: Sequence[tuple[int, str]], version: str) -> Page:
    if wants_json(request):
        body = orjson.dumps({"errors": [{"code": code, "message": text} for code, text in said]})
    else:
        parts = "".join(
            f"<error>\n<code>{_data(str(code))}</code>\n<message>{_data(text)}</message>\n</error>\n"
            for code, text in said
        )
        body = f"{_HEAD}<errors>\n{parts}</errors>\n</prestashop>\n".encode()
    page = answer(request, status, body, version)
    refused = {"WWW-Authenticate": REALM} if status == 401 and version == "0" else {}
    return Page(status, body, {**page.headers, **refused})


def crashed() -> Page:
    """PHP stopped before it wrote a word."""
    return Page(500, b"", {"Server": "Apache", "Content-Type": "text/html; charset=utf-8"})


def listing(
    request: ShopRequest, resource: str, rows: Sequence[Fields], display: frozenset[str] | None
) -> bytes:
    if wants_json(request):
        shown = [_json_fields(row, display or frozenset({"id"})) for row in rows]
        return orjson.dumps({resource: shown} if shown else [])
    one = singular(resource)
    if display is None:
        link = f"{request.base_url}/api/{resource}"
        parts = [f'<{one} id="{row["id"]}" xlink:href="{link}/{row["id"]}"/>\n' for row in rows]
    else:
        parts = [_xml_fields(request, resource, row, display) for row in rows]
    return f"{_HEAD}<{resource}>\n{''.join(parts)}</{resource}>\n</prestashop>\n".encode()


def single(request: ShopRequest, resource: str, row: Mapping[str, Any], *, drops_empty: bool) -> bytes:
    """One entry. From version 8 on its JSON leaves out every field that is empty or 0."""
    if wants_json(request):
        fields = _json_fields(row, frozenset(row))
        if drops_empty:
            fields = {
                name: value for name, value in fields.items() if value is not None and value not in _EMPTY
            }
        return orjson.dumps({singular(resource): fields})
    return f"{_HEAD}{_xml_fields(request, resource, row, frozenset(row))}</prestashop>\n".encode()


def root(request: ShopRequest, rights: Mapping[str, frozenset[str]], verbs: Sequence[str]) -> bytes:
    """What the key may do. Always in XML."""
    parts = []
    for resource in sorted(rights):
        href = f"{request.base_url}/api/{resource}"
        may = " ".join(f'{v.lower()}="{str(v in rights[resource]).lower()}"' for v in verbs)
        parts.append(
            f'<{resource} xlink:href="{href}" {may}>\n'
            f'<description xlink:href="{href}" {may}>\nThe {resource}</description>\n'
            f'<schema xlink:href="{href}?schema=blank" type="blank"/>\n'
            f'<schema xlink:href="{href}?schema=synopsis" type="synopsis"/>\n</{resource}>\n'
        )
    return f'{_HEAD}<api shopName="{request.shop.title}">\n{"".join(parts)}</api>\n</prestashop>\n'.encode()


def read_body(body: bytes, resource: str) -> Fields | None:
    """The fields that were sent; None when the body is no XML."""
    try:
        document = ElementTree.fromstring(body)  # noqa: S314 (of our own tests)
    except (ElementTree.ParseError, ValueError):
        return None
    found = document.find(singular(resource))
    if found is None:
        return {}
    return {element.tag: (element.text or "").strip() for element in found}


def _json_fields(row: Mapping[str, Any], shown: frozenset[str]) -> dict[str, Any]:
    """The own id is a number, everything else a text; texts of some fields are null when empty."""
    fields: dict[str, Any] = {}
    for name, value in row.items():
        if name not in shown:
            continue
        if name == "id":
            fields[name] = int(value)
        elif name in ("note", "gift_message") and not value:
            fields[name] = None
        else:
            fields[name] = value
    return fields


def _xml_fields(request: ShopRequest, resource: str, row: Mapping[str, Any], shown: frozenset[str]) -> str:
    one = singular(resource)
    lines = [
        _xml_field(request, name, value)
        for name, value in row.items()
        if name in shown and isinstance(value, str)
    ]
    lines += [_xml_lines(row["associations"])] if "associations" in row and "associations" in shown else []
    return f"<{one}>\n{''.join(lines)}</{one}>\n"


def _xml_lines(associations: Mapping[str, Any]) -> str:
    parts = []
    for line in associations["order_rows"]:
        fields = "".join(f"\t<{name}>{_data(value)}</{name}>\n" for name, value in line.items())
        parts.append(f"\t<order_row>\n{fields}\t</order_row>\n")
    rows = f'<order_rows nodeType="order_row" virtualEntity="true">\n{"".join(parts)}</order_rows>\n'
    return f"<associations>\n{rows}</associations>\n"


def _xml_field(request: ShopRequest, name: str, value: str) -> str:
    link = ""
    if name in _LINKS and value not in _EMPTY:
        link = f' xlink:href="{request.base_url}/api/{_LINKS[name]}/{value}"'
    elif name == "shipping_number":
        link = ' notFilterable="true"'
    return f"\t<{name}{link}>{_data(value)}</{name}>\n"


def _data(text: str) -> str:
    return f"<![CDATA[{text}]]>"
