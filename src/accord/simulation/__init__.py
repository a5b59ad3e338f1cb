"""Does it hold under a long and unlucky life?"""
