"""What Syncwatch knows, one module per part of the data's path."""

from monitor.models.alerts import Channel, Incident, Member, Notice, Subscription
from monitor.models.checks import CheckResult, EdgeChange, EventHour, ManualTick, StoreState
from monitor.models.conditions import Condition, Progress, Transition, Verdict
from monitor.models.deliveries import Delivery
from monitor.models.examinations import CellChange, StoreExamination
from monitor.models.history import StateDay, Unwatched
from monitor.models.maintenance import Maintenance, Remark
from monitor.models.observations import Arrival, Call, HubFailureLog, HubState, Order
from monitor.models.people import Audit, Invitation, Role, User
from monitor.models.refreshes import BulkRefresh, Recovery, Refresh
from monitor.models.rollups import (
    LatencyDay,
    LatencyFleetDay,
    LatencyFleetHour,
    LatencyGroup,
    LatencyGroupDay,
    LatencyHour,
    LatencyLate,
)
from monitor.models.shipments import Shipment
from monitor.models.views import SavedView
from monitor.models.work import Heartbeat, Job, RateLimit

__all__ = [
    "Arrival",
    "Audit",
    "BulkRefresh",
    "Call",
    "CellChange",
    "Channel",
    "CheckResult",
    "Condition",
    "Delivery",
    "EdgeChange",
    "EventHour",
    "Heartbeat",
    "HubFailureLog",
    "HubState",
    "Incident",
    "Invitation",
    "Job",
    "LatencyDay",
    "LatencyFleetDay",
    "LatencyFleetHour",
    "LatencyGroup",
    "LatencyGroupDay",
    "LatencyHour",
    "LatencyLate",
    "Maintenance",
    "ManualTick",
    "Member",
    "Notice",
    "Order",
    "Progress",
    "RateLimit",
    "Recovery",
    "Refresh",
    "Remark",
    "Role",
    "SavedView",
    "Shipment",
    "StateDay",
    "StoreExamination",
    "StoreState",
    "Subscription",
    "Transition",
    "Unwatched",
    "User",
    "Verdict",
]
