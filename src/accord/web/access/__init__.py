"""What may somebody do, with whose things, and how often?"""
