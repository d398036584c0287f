"""What charts are drawn from agrees with the orders, however late they arrive and in whatever portions."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from integrations.models import Account, Integration, Store
from monitor.collect import rollups
from monitor.collect.record import Completed
from monitor.health.sketch import bucket
from monitor.models import LatencyDay, LatencyFleetDay, LatencyFleetHour, LatencyHour

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
orders = st.tuples(
    st.integers(0, 3),  # which integration
    # Around midnight, for days begin there, also for who lives in another zone.
    st.integers(-2 * 3600, 2 * 3600).map(lambda s: MIDNIGHT + timedelta(seconds=s)),
    st.integers(-60, 8 * 86_400).map(lambda s: timedelta(seconds=s)),
)


@pytest.mark.integration
class AnyOrders(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(st.lists(orders, max_size=40), st.integers(1, 20))
    def test_every_order_counts_once_in_each_of_the_four(self, given, at_once) -> None:
        accounts = [Account.objects.create(name=f"hub-{k}", kind="sendcloud") for k in range(2)]
        stores = [Store.objects.create(name=f"shop-{k}", platform="shopify") for k in range(4)]
        ours = [
            Integration.objects.create(
                name=f"i-{k}", account=accounts[k % 2], store=store, external_id=str(k)
            )
            for k, store in enumerate(stores)
        ]
        completed = [Completed(ours[k].pk, at, at + latency) for k, at, latency in given]
        walk = iter(completed)
        while part := list(islice(walk, at_once)):
            rollups.add("shopify", part)

        truth: dict[type, Counter] = {
            model: Counter() for model in (LatencyHour, LatencyDay, LatencyFleetHour, LatencyFleetDay)
        }
        for k, at, latency in given:
            if not timedelta(0) <= latency <= rollups.BACKFILL_AGE:
                continue
            hour, number = at.replace(minute=0, second=0), bucket(latency.total_seconds())
            truth[LatencyHour][ours[k].pk, hour, number] += 1
            truth[LatencyDay][ours[k].pk, at.date(), number] += 1
            truth[LatencyFleetHour][accounts[k % 2].pk, hour, number] += 1
            truth[LatencyFleetDay][accounts[k % 2].pk, at.date(), number] += 1
        for model, expected in truth.items():
            who = "account_id" if model in (LatencyFleetHour, LatencyFleetDay) else "integration_id"
            when = "day" if model in (LatencyDay, LatencyFleetDay) else "hour"
            found: Counter = Counter()
            for key, at, n, buckets, counts in model.objects.values_list(who, when, "n", "buckets", "counts"):
                assert n == sum(counts)
                assert buckets == sorted(buckets)
                found.update({(key, at, b): c for b, c in zip(buckets, counts, strict=True)})
            assert found == expected, model
