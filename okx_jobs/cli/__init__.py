"""The `okxsignal` command. `main` lists the commands, the other modules are what they print."""
