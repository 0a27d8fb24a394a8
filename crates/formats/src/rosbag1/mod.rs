//! ROS 1 bag files, version 2.0.
