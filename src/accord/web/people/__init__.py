"""Who is there: which people and programs, and how is it known that it is them?"""
