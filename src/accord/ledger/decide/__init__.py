"""How the ledger's arithmetic is decided: what can be promised, what is covered, what the gate lets pass."""
