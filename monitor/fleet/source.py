"""YAML 1.2 as plain values that remember where they stood."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from monitor.fleet.problems import BadFleet, Path, Problem, dotted

_TAG = "tag:yaml.org,2002:"


class Source:
    """One parsed file.

    ``data`` holds dicts, lists, str, int, float, bool and None. A number is only taken for one when it
    reads the same written back, so that an id such as ``0123`` stays text.

    Raises BadFleet when the text is not YAML or repeats a key.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self._places: dict[Path, tuple[int, int]] = {}
        self._problems: list[Problem] = []
        self.data: Any = None
        if (root := self._compose(text)) is not None:
            self.data = self._value(root, (), ())
        if self._problems:
            raise BadFleet(self._problems)

    def problem(self, path: Path, message: str) -> Problem:
        """The message at the place of the path, or of the nearest thing around it."""
        known = path
        while known and known not in self._places:
            known = known[:-1]
        line, column = self._places.get(known, (0, 0))
        return Problem(self.file, line, column, dotted(path), message)

    def _compose(self, text: str) -> Node | None:
        try:
            node: Node | None = YAML(typ="safe", pure=True).compose(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            message = _("is not YAML: %(problem)s.") % {"problem": error.problem or error.context}
            raise BadFleet([Problem(self.file, line, column, "", message)]) from error
        except (YAMLError, KeyError, RecursionError) as error:
            # ruamel.yaml answers an unknown %YAML version with a KeyError.
            message = _("is not YAML: %(problem)s.") % {"problem": str(error).splitlines()[0]}
            raise BadFleet([Problem(self.file, 0, 0, "", message)]) from error
        return node

    def _value(self, node: Node, path: Path, around: tuple[Node, ...]) -> Any:
        if node in around:
            self._problems.append(self.problem(path, _("contains itself; write it out instead.")))
            return None
        match node:
            case MappingNode():
                return self._mapping(node, path, (*around, node))
            case SequenceNode():
                values = []
                for index, item in enumerate(node.value):
                    self._places[*path, index] = (item.start_mark.line + 1, item.start_mark.column + 1)
                    values.append(self._value(item, (*path, index), (*around, node)))
                return values
            case ScalarNode():
                return _scalar(node)
            case _:
                raise TypeError(f"YAML has no such node: {node!r}")

    def _mapping(self, node: MappingNode, path: Path, around: tuple[Node, ...]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        own: set[str] = set()
        for key_node, value_node, is_merged in _pairs(node, around):
            key = str(key_node.value)
            if is_merged and key in mapping:
                continue
            place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key in own:
                first = self._places[*path, key][0]
                message = _("stands here twice, first on line %(line)d; keep one.") % {"line": first}
                self._problems.append(Problem(self.file, *place, dotted((*path, key)), message))
                continue
            if not is_merged:
                own.add(key)
            self._places[*path, key] = place
            mapping[key] = self._value(value_node, (*path, key), around)
        return mapping


def _pairs(node: MappingNode, around: tuple[Node, ...]) -> Iterator[tuple[Node, Node, bool]]:
    """The mapping's own pairs, then those merged in by ``<<``, which never override."""
    merged: list[Node] = []
    for key, value in node.value:
        if key.tag == f"{_TAG}merge":
            merged += value.value if isinstance(value, SequenceNode) else [value]
        else:
            yield key, value, False
    for mapping in merged:
        if isinstance(mapping, MappingNode) and mapping not in around:
            yield from ((key, value, True) for key, value, _merged in _pairs(mapping, (*around, mapping)))


def _scalar(node: ScalarNode) -> str | int | float | bool | None:
    text = str(node.value)
    match str(node.tag).removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int" if text.lstrip("-").isdecimal() and str(int(text)) == text:
            return int(text)
        case "float":
            return _float(text)
        case _:
            return text


def _float(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if repr(number) == text else text
