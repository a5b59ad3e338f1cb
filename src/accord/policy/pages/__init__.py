"""What do people see of the rules, and how do they change them?"""
