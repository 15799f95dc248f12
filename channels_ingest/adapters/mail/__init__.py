"""What every e-mail provider's adapter shares: reading a mail, judging its sender, knowing its thread, writing one."""
