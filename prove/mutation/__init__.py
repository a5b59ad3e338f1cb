"""Would a test notice if a rule were another? Small wrong changes to the decide modules, each tried against its tests."""
