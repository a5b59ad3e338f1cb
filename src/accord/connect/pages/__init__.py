"""What do people see who bring in a file?"""
