"""The watch over an add-on after its go-live: payments against what was expected."""
