"""How does a frePPLe model become our supply and demand?"""
