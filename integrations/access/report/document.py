"""A report as one JSON document. Its keys stay; new ones may come."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter

from integrations.access.records import Cell, Diagnosis, Question, Surroundings
from integrations.access.report import lines
from integrations.access.report.records import COULD_NOT, Finding, Report, Wanted
from integrations.errors import RemoteError
from integrations.registry import adapter_class

VERSION = 1
_DIAGNOSIS = TypeAdapter(Diagnosis)
_SURROUNDINGS = TypeAdapter(Surroundings)
_FIX_KEYS = ("title", "place", "where", "text", "language", "steps", "find", "check", "note", "is_guess")


def written(report: Report) -> str:
    examination, shop = report.examination, report.shop
    matrix = examination.answers(Question.MATRIX)
    further = [cell for cell in examination.cells if cell.question is not Question.MATRIX]
    return _json(
        {
            "version": VERSION,
            "at": examination.at,
            "exit_code": report.exit_code,
            "verdict": lines.headline(report),
            "error": None,
            "hub": {
                "name": report.guest.name,
                "user_agents": report.guest.agents,
                "addresses": report.guest.addresses,
            },
            "shop": {
                "url": shop.url,
                "platform": shop.platform,
                "api_root": shop.api_root,
                "title": shop.title,
                "version": shop.version,
                "told_by": shop.told_by,
                "answers_at": shop.answers_at,
                "assumed": shop.assumed,
                "moved_from": shop.moved_from,
            },
            "matrix": {
                "path": examination.path,
                "methods": examination.methods,
                "write_methods": examination.write_methods,
                "user_agents": examination.agents,
                "control": examination.neutral,
                "cells": [_cell(cell) for cell in matrix],
                "stopped_because": examination.stopped_because,
            },
            "further": [_cell(cell) for cell in further],
            "surroundings": _SURROUNDINGS.dump_python(examination.surroundings, mode="json"),
            "findings": [_finding(found) for found in report.findings],
            "requests": len(examination.cells),
            "took_s": report.took_s,
        }
    )


def written_failure(error: RemoteError, wanted: Wanted, now: datetime) -> str:
    """The same document where nothing could be examined: what is not known is null."""
    return _json(
        {
            "version": VERSION,
            "at": now,
            "exit_code": COULD_NOT,
            "verdict": str(error),
            "error": {"sentence": str(error), "remedy": error.remedy, "kind": type(error).__name__},
            "hub": {
                "name": str(adapter_class(wanted.hub).label),
                "user_agents": wanted.agents,
                "addresses": wanted.addresses,
            },
            "shop": None,
            "matrix": None,
            "further": [],
            "surroundings": None,
            "findings": [],
            "requests": 0,
            "took_s": None,
        }
    )


def _cell(cell: Cell) -> Mapping[str, Any]:
    call = cell.call
    return {
        "question": cell.question,
        "method": cell.method,
        "user_agent": cell.agent,
        "url": call.url,
        "status": call.status,
        "outcome": cell.outcome,
        "by": call.by,
        "layer": cell.layer,
        "sign": cell.sign,
        "is_strong": cell.is_strong,
        "rule_id": cell.rule_id,
        "error": cell.error,
        "detail": call.detail,
        "excerpt": call.excerpt,
        "title": cell.title,
        "location": cell.location,
        "headers": dict(cell.headers),
        "credentials_arrived": cell.credentials_arrived,
        "timings_ms": {
            "resolve": call.timings.resolve,
            "connect": call.timings.connect,
            "tls": call.timings.tls,
            "wait": call.timings.wait,
            "transfer": call.timings.transfer,
        },
    }


def _finding(found: Finding) -> Mapping[str, Any]:
    explanation = found.explanation
    return {
        **_DIAGNOSIS.dump_python(found.diagnosis, mode="json"),
        "headline": explanation.headline,
        "because": lines.sentences(explanation.because),
        "consequence": explanation.consequence,
        "fixes": [{key: getattr(fix, key) for key in _FIX_KEYS} for fix in found.fixes],
    }


def _json(document: Mapping[str, Any]) -> str:
    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(document, option=options).decode()
