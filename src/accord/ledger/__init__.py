"""What there is, what is promised, what is left?"""
