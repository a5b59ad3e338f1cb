"""How do systems tell that supply changed, and see what that uncovered?"""
