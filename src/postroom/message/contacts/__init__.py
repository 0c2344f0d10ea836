"""Contacts: cards as JSContact, vCard and xCard write them, and the ways between."""
