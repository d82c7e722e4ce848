"""A page or a sheet becomes a draft (docs/adr/0020): read into raw tables, then into a playbook; every row is told."""
