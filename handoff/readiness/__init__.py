"""Readiness for go-live: the gate out of Release, and the board of the coming weeks."""
