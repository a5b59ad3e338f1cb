"""What does a company that lives with Accord look like?"""
