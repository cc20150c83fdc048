"""What happened: alarms that were raised and cleared, states that changed, devices that went."""
