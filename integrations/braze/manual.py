"""What Braze tells no program: a person looks and ticks it."""

from django.utils.translation import gettext_noop as _noop

from integrations.contracts import ManualCheck

MANUAL_CHECKS = (
    ManualCheck(
        "staff_permissions",
        _noop("The person who connected the shop has every permission in Shopify that Braze asks for."),
        _noop(
            "Owner, or staff with all General and Online Store settings and: Orders: View; Customer: "
            "ReadWrite; View Customer Events (Web Pixels); Manage Settings; View Apps Developed by Staff and "
            "Collaborators; Manage and Install Apps and Channels; Manage and Add Custom Pixels."
        ),
    ),
    ManualCheck(
        "one_workspace",
        _noop("The store is connected to this workspace and to no other."),
        _noop(
            "Braze allows a store in one workspace only. A workspace may hold several stores today; before "
            "2025 it could hold one."
        ),
    ),
    ManualCheck(
        "connector_status",
        _noop("Braze shows the shop as connected, and the events that are needed are switched on."),
        _noop("In Braze: Partner Integrations > Technology Partners > Shopify. No API tells it."),
    ),
    ManualCheck(
        "app_embed",
        _noop("The app embed of Braze is on in the published theme."),
        _noop(
            "In Shopify: Online Store > Themes > Customize > App embeds. Look again after every change of "
            "theme: a new theme begins without it, and events on the pages end silently."
        ),
    ),
    ManualCheck(
        "catalog_sync",
        _noop("The product sync shows no error in Braze."),
        _noop(
            "Catalog Limit Exceeded stops it; Duplicate SKU overwrites items; without SKU they are left out."
        ),
    ),
    ManualCheck(
        "privacy_topics",
        _noop("Every app that reads customers answers Shopify's three privacy topics."),
        _noop(
            "customers/data_request, customers/redact and shop/redact go to each app at its own address. "
            "Braze receives its own; look at who answers those of your other apps."
        ),
    ),
    ManualCheck(
        "data_requests",
        _noop("It is settled who answers data requests in Braze."),
        _noop(
            "Braze receives Shopify's requests, but you must act on them yourself, by Braze's API or SDKs: "
            "name the person and the time limit."
        ),
    ),
)
