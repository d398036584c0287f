"""What Syncwatch knows, one module per part of the data's path."""

from monitor.models.alerts import Incident, Member, Notice, Subscription
from monitor.models.conditions import Condition, Progress, Transition, Verdict
from monitor.models.observations import Arrival, Call, HubFailureLog, HubState, Order
from monitor.models.people import Audit, User
from monitor.models.refreshes import Refresh
from monitor.models.rollups import LatencyDay, LatencyFleetHour, LatencyHour
from monitor.models.work import Heartbeat, Job, RateLimit

__all__ = [
    "Arrival",
    "Audit",
    "Call",
    "Condition",
    "Heartbeat",
    "HubFailureLog",
    "HubState",
    "Incident",
    "Job",
    "LatencyDay",
    "LatencyFleetHour",
    "LatencyHour",
    "Member",
    "Notice",
    "Order",
    "Progress",
    "RateLimit",
    "Refresh",
    "Subscription",
    "Transition",
    "User",
    "Verdict",
]
