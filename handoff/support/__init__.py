"""Support after go-live: its days, its evaluation, its end, and what the biller is told."""
