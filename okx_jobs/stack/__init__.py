"""The processes of `okxsignal up`: `up` starts and watches them, `services` says which there are."""
