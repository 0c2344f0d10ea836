"""The lab as a library, and as fixtures of pytest: real mail servers for whoever tests a program that mails."""
