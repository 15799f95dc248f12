"""Each provider as the simulator plays it, one file for one adapter."""
