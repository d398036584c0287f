"""What is said about one rule: templates that are filled with the figures of the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext

from monitor.health.states import State

Action = Literal[
    "",
    "force_refresh",
    "show_failures",
    "show_fix",
    "show_orders",
    "show_tracking",
    "show_checks",
    "connect_edge",
    "update_credentials",
    "test_connection",
]
"""The one action that helps most; empty: none within Syncwatch."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """English templates, translated when they are filled.

    ``state`` is the one this rule stands for. Of ``headline`` the first is taken whose figures
    are all known; of ``why`` all such.
    """

    state: State
    headline: tuple[str, ...]
    why: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    action: Action = ""


def filled(templates: tuple[str, ...], figures: Mapping[str, str]) -> list[str]:
    """The translated templates whose figures are all known, filled."""
    sentences = []
    for template in templates:
        try:
            sentences.append(gettext(template) % figures)
        except KeyError:
            # A figure is not known: say nothing rather than something with a hole in it.
            continue
    return sentences
