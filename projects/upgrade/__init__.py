"""A live project taken to a newer version of one of its playbooks. What each file is for: README.md."""
