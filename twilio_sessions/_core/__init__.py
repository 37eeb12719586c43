"""How one exchange with Twilio is done well; nothing in this package knows what a session is."""
