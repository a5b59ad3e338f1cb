"""What changed, whose promise is at risk, what should we do?"""
