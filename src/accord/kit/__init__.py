"""Which plain values does every part speak in?"""
