"""The pieces of proof at the counts of `make test`, each with its control."""
