"""Search over member specifications: trials in the ledger, and the members that were found."""
