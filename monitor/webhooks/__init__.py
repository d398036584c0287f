"""Receiving webhooks: verify, store one row, bring the next reading forward, answer.

``receiver`` is the WSGI function, ``sources`` knows whose secrets count, ``storing`` writes,
``connections`` keeps the database at hand. Deliveries are never the only source: whatever they
speak of is read from the store or hub as usual, only sooner.
"""
