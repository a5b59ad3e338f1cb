"""What does a person see in a real browser?"""
