"""From signals to orders: `executor` is the whole run, `order_planning` decides, `journal` keeps what was decided."""
