"""What people look at: tables and figures of stored results, without a framework."""
