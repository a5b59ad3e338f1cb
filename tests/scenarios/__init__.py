"""Does the whole do what its parts promise?"""
