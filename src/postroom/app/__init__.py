"""The composition root: settings, the server as one object, the command line and the control socket."""
