"""What is every page made of, also the one that says what is wrong?"""
