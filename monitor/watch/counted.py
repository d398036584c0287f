"""The figures of a snapshot that are counts and oldest moments, all by one statement."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from monitor.models import Channel

TRIED_OFTEN: Final = 3
FAILING_FOR: Final = timedelta(minutes=10)
"""So long a receiver of web-hooks may be away, as when it is brought up to date."""

# Of what the mail server gave up: not what was given up in the very moment in which its address was switched
# off, for that has a check of its own. Of an integration whose orders seem to arrive before they are made
# nothing is rolled up; nor is an order that arrived after more than a week.
_COUNTED: Final = """
    SELECT watched.*, jobs.*, notices.*, refreshes.*, orders.*, rollups.*
      FROM (SELECT count(*) FILTER (WHERE is_on) AS watched,
                   min(created_at) FILTER (WHERE is_on) AS watched_since,
                   count(*) FILTER (WHERE is_on AND judged_at < %(judged_after)s) AS unjudged,
                   min(judged_at) FILTER (WHERE is_on AND judged_at < %(judged_after)s) AS judged_before
              FROM (SELECT NOT i.is_paused AND s.is_active AND a.is_active AS is_on, i.created_at, v.judged_at
                      FROM integrations_integration i
                      JOIN integrations_store s ON s.id = i.store_id
                      JOIN integrations_account a ON a.id = i.account_id
                      LEFT JOIN monitor_verdict v ON v.integration_id = i.id) AS integrations) AS watched,
           (SELECT count(*) FILTER (WHERE is_due) AS jobs_due,
                   min(due_at) FILTER (WHERE is_due) AS jobs_since,
                   count(*) FILTER (WHERE lease_until >= %(now)s) AS leased
              FROM (SELECT due_at, lease_until,
                           due_at <= %(now)s AND (lease_until IS NULL OR lease_until < %(now)s) AS is_due
                      FROM monitor_job) AS job) AS jobs,
           (SELECT count(*) FILTER (WHERE is_new) AS mails_due,
                   min(due_at) FILTER (WHERE is_new) AS mails_since,
                   count(*) FILTER (WHERE fails AND is_mail) AS mails_failing,
                   min(created_at) FILTER (WHERE fails AND is_mail) AS mails_failing_since,
                   (array_agg(answer ORDER BY created_at) FILTER (WHERE fails AND is_mail))[1] AS mail_answer,
                   count(*) FILTER (WHERE is_given_up AND is_mail) AS mails_refused,
                   count(*) FILTER (WHERE fails_long) AS hooks_failing,
                   min(created_at) FILTER (WHERE fails_long) AS hooks_failing_since,
                   (array_agg(answer ORDER BY created_at) FILTER (WHERE fails_long))[1] AS hook_answer,
                   array_agg(DISTINCT recipient) FILTER (WHERE fails_long) AS hooks
              FROM (SELECT due_at, created_at, answer, recipient, channel = %(mail)s AS is_mail,
                           is_open AND attempts >= %(often)s AS fails,
                           is_open AND attempts >= %(often)s AND channel <> %(mail)s
                               AND created_at < %(failing_since)s AS fails_long,
                           is_open AND attempts = 0 AND due_at <= %(now)s
                               AND (lease_until IS NULL OR lease_until < %(now)s) AS is_new,
                           NOT is_open AND NOT EXISTS (
                               SELECT FROM monitor_subscription s
                                WHERE s.bounced_at = n.failed_at
                                   OR s.bounced_at IS NOT NULL AND s.email = n.recipient) AS is_given_up
                      FROM (SELECT *, sent_at IS NULL AND failed_at IS NULL AS is_open FROM monitor_notice
                             WHERE sent_at IS NULL AND failed_at IS NULL OR failed_at > %(yesterday)s) AS n
                   ) AS notice) AS notices,
           (SELECT count(*) AS refreshes_due, min(due_at) AS refreshes_since
              FROM monitor_refresh
             WHERE finished_at IS NULL AND due_at <= %(now)s
               AND (lease_until IS NULL OR lease_until < %(now)s)) AS refreshes,
           (SELECT max(newest_arrived_eligible_at) AS newest_completed_at
              FROM monitor_progress
             WHERE negative_latencies = 0
               AND newest_arrived_eligible_at BETWEEN %(last_week)s AND %(now)s) AS orders,
           (SELECT max(hour) AS newest_rollup_hour
              FROM monitor_latencyfleethour WHERE hour > %(rolled_after)s) AS rollups
"""


def counted(now: datetime, judged_after: datetime) -> Mapping[str, Any]:
    """The row of the figures by the names of its columns; a verdict is old that was given before
    ``judged_after``."""
    day = timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTED,
            {
                "now": now,
                "judged_after": judged_after,
                "mail": Channel.MAIL.value,
                "often": TRIED_OFTEN,
                "failing_since": now - FAILING_FOR,
                "yesterday": now - day,
                "last_week": now - 7 * day,
                "rolled_after": now - 8 * day,
            },
        )
        names = [column.name for column in cursor.description]
        (row,) = cursor.fetchall()
    return dict(zip(names, row, strict=True))
