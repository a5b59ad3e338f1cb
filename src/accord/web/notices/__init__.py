"""What does each person have to know, and when?"""
