"""What Shopify is asked to see who lets a hub pass: one question to its API, without a token.

There is one address and one method; which methods pass is the platform's affair.
"""

import orjson

from integrations.access.plan import ProbePlan
from integrations.shopify.graphql import query_text
from integrations.shopify.options import API_VERSION
from integrations.shopify.recognition import shopify

PLAN = ProbePlan(
    application=shopify,
    default_root=f"admin/api/{API_VERSION}",
    target="graphql.json",
    methods=("POST",),
    write_methods=("POST",),
    content={"POST": orjson.dumps({"query": query_text("probe")})},
)
