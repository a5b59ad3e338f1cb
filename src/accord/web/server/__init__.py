"""How does the server run, and what is put together in it?"""
