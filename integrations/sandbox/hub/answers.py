"""What all routes of the hub's API share: refusals, pages, times."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from integrations.sandbox.clock import parse_iso
from integrations.sandbox.hub.paging import decode_cursor


class Refused(Exception):
    """An answer in the v3 error shape."""

    def __init__(self, status: int, code: str, detail: str, **source: str) -> None:
        super().__init__(detail)
        self.status = status
        error: dict[str, Any] = {"status": str(status), "code": code, "detail": detail}
        if source:
            error["source"] = source
        self.document = {"errors": [error]}


def page_size(request: Request, default: int, highest: int) -> int:
    text = request.query_params.get("page_size", str(default))
    if not text.isdigit() or not 1 <= int(text) <= highest:
        message = f"Ensure this value is between 1 and {highest}."
        raise Refused(400, "invalid", message, parameter="page_size")
    return int(text)


def decoded(cursor: str) -> tuple[Any, int]:
    try:
        value, number, _ = decode_cursor(cursor)
    except ValueError:
        raise Refused(404, "not_found", "Invalid cursor", pointer="/data") from None
    return value, number


def moment(text: str, name: str) -> float:
    try:
        return parse_iso(text.replace(" ", "+"))
    except ValueError:
        message = f"Validation failed, {name} is not a datetime"
        raise Refused(400, "validation_error", message, pointer="/list_shipments/filters") from None


def link(request: Request, cursor: str, rel: str) -> str:
    return f'<{request.url.include_query_params(cursor=cursor)}>; rel="{rel}"'


def json_answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(document), status, headers=headers, media_type="application/json")
