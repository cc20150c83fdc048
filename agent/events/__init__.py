"""Events: alarms raised and cleared, states changed, devices down and up again."""
