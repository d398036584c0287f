"""Any hub that speaks JSON over HTTP, as its operator describes it."""
