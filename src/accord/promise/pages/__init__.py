"""What do people see who ask for a promise?"""
