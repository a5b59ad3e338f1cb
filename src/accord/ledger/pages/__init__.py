"""What do people see of what there is, what is promised and what is left?"""
