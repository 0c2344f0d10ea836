"""Reports that mail systems send each other about mail: DMARC aggregate and failure reports, TLS reports. Values and formats, no I/O."""
