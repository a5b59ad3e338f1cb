"""Does it hold under a long and unlucky life, under races, and does anybody notice when a guard is broken?"""
