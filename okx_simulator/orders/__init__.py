"""What an order request says and whether it may be placed."""
