"""Phased go-live: the five criteria, phases of one biller, the nine tasks, production cases."""
