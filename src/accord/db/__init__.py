"""How is it kept, all of it or nothing?"""
