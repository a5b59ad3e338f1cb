"""Which guards can be broken on purpose, to see that somebody notices?"""
