"""Which steps led to today's schema?"""
