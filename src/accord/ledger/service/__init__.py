"""What happens to the ledger, in order?"""
