"""What do people see of the server itself, and of no part: signing in, people, keys, the record, sources, the menu?"""
