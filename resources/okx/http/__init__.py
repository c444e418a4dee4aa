"""REST below the calls: transport, signing, pacing, envelopes."""
