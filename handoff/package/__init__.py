"""The package that goes to Client Services: built, sealed, accepted or returned."""
