"""The life of an order: placing, amending, filling, triggers, liquidation. Begin with `order_service`."""
