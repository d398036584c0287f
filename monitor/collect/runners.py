"""Which function does which kind of job."""

from monitor.collect import check_jobs, examining, jobs, tracking_jobs
from monitor.collect.jobs import Runner
from monitor.models.work import JobKind

RUNNERS: dict[JobKind, Runner] = {
    JobKind.STORE_ORDERS: jobs.store_orders,
    JobKind.STORE_ACCESS: jobs.store_access,
    JobKind.STORE_EXAMINATION: examining.store_examination,
    JobKind.STORE_CHECK: check_jobs.store_check,
    JobKind.STORE_TRACKING: tracking_jobs.store_tracking,
    JobKind.STORE_EDGE: check_jobs.store_edge,
    JobKind.HUB_STATE: jobs.hub_state,
    JobKind.HUB_ARRIVALS: jobs.hub_arrivals,
    JobKind.HUB_HISTORY: jobs.hub_history,
    JobKind.HUB_SHIPMENTS: tracking_jobs.hub_shipments,
    JobKind.HUB_CHECK: check_jobs.hub_check,
    JobKind.HUB_EVENTS: check_jobs.hub_events,
    JobKind.LEARN: jobs.learn_rules,
}
