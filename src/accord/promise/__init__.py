"""What can we commit, to whom, when, at what price?"""
