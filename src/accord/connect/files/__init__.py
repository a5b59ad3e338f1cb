"""How does a file of rows become our facts?"""
