//! MCAP: read, written, salvaged.
