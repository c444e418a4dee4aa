"""Who may trade: the record of past predictions, the rules that it must pass, and the weekly decision."""
