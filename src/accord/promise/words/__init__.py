"""How is a line in plain words understood, and how is an answer said?"""
