"""Everything about one address at once, for a person with a terminal: which shop it is, who refuses what
of a hub, and what to change. Needs no database and no account.

``recognising`` finds the shop, ``finding_out`` asks and concludes, ``grid`` and ``lines`` hold the words,
``terminal``, ``markdown`` and ``document`` write them down.
"""
