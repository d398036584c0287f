"""The shops process: many WooCommerce and Shopify shops behind one port, by path prefix."""
