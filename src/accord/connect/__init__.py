"""How do their words become ours, and ours theirs?"""
