"""What a query costs: objects 1, connections and lists by their first/last, scalars nothing, mutations 10.

Each shop and app pair has a bucket that refills at the rate of the shop's plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)

MAX_COST = 1000
MUTATION_COST = 10
RATES = {"standard": (2000.0, 100.0), "advanced": (4000.0, 200.0), "plus": (20000.0, 1000.0)}
_WRAPPERS = ("nodes", "edges", "node", "pageInfo")


@dataclass(slots=True)
class Bucket:
    maximum: float
    restore_rate: float
    available: float
    filled_at: float

    def refill(self, now: float) -> None:
        gained = max(now - self.filled_at, 0) * self.restore_rate
        self.available = min(self.available + gained, self.maximum)
        self.filled_at = now

    def status(self) -> dict[str, int]:
        return {
            "maximumAvailable": int(self.maximum),
            "currentlyAvailable": int(self.available),
            "restoreRate": int(self.restore_rate),
        }


def requested_cost(document: DocumentNode, variables: Mapping[str, Any]) -> int:
    """The cost charged before anything runs."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if is_mutation(document):
        return MUTATION_COST * sum(len(operation.selection_set.selections) for operation in operations)
    return sum(_selection_cost(operation.selection_set, variables, fragments) for operation in operations)


def is_mutation(document: DocumentNode) -> bool:
    return any(
        isinstance(definition, OperationDefinitionNode) and definition.operation is OperationType.MUTATION
        for definition in document.definitions
    )


def _selection_cost(
    selections: SelectionSetNode,
    variables: Mapping[str, Any],
    fragments: Mapping[str, FragmentDefinitionNode],
) -> int:
    total = 0
    for selection in selections.selections:
        if isinstance(selection, FragmentSpreadNode):
            inner = fragments[selection.name.value].selection_set
            total += _selection_cost(inner, variables, fragments)
        elif isinstance(selection, InlineFragmentNode):
            total += _selection_cost(selection.selection_set, variables, fragments)
        elif isinstance(selection, FieldNode) and selection.selection_set is not None:
            inner_cost = _selection_cost(selection.selection_set, variables, fragments)
            if selection.name.value in _WRAPPERS and not selection.arguments:
                total += inner_cost
            else:
                total += _size(selection, variables) * (1 + inner_cost)
    return total


def _size(field: FieldNode, variables: Mapping[str, Any]) -> int:
    for argument in field.arguments or ():
        if argument.name.value in ("first", "last"):
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            if isinstance(argument.value, VariableNode):
                return int(variables.get(argument.value.name.value) or 1)
        if argument.name.value == "ids" and isinstance(argument.value, VariableNode):
            return len(variables.get(argument.value.name.value) or ())
    return 1


def actual_cost(data: Any) -> int:
    """What is kept of the charge, counted on the answer."""
    if isinstance(data, list):
        return sum(actual_cost(entry) for entry in data)
    if not isinstance(data, dict):
        return 0
    return sum(
        actual_cost(value)
        + (len(value) if isinstance(value, list) and name != "edges" else int(name not in _WRAPPERS))
        for name, value in data.items()
        if isinstance(value, dict | list)
    )
