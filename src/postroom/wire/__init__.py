"""Bytes on the wire: line buffers, cursors and dot-stuffing. No I/O, no clock, no knowledge of any one protocol."""
