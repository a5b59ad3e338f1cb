"""What do people see of the server itself: signing in, their account, people and keys?"""
