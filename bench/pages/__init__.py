"""How fast are the screens in a real browser?"""
