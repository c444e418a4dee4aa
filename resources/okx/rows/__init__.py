"""Messages of OKX as typed rows. `row` reads and writes them, `fields` says how a value is spelled."""
