"""How do systems ask for a promise?"""
