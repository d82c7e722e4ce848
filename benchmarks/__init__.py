"""What the pages and commands cost on a large portfolio, beside the same work in hand-written SQL. `make bench`."""
