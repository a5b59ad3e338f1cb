"""What is proven by trying, how often, and what happens when the guard is taken away?"""
