"""What happens to orders: placing, amending, filling, triggers, liquidation. Begin with `order_service`."""
