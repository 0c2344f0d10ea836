"""The room of HTTP: the guard before every application, and the small doors that a mail server has on the web."""
