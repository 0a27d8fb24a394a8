//! rosbag2: `metadata.yaml`, SQLite rows as a record stream, embedded standard definitions.
