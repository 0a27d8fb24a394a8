//! Schemas by type name: the standard ones, and the few of our own.

use crate::Schema;
use crate::rosbag2::standard_definition;

/// Types no standard package has, or whose package the embedded definitions leave out.
///
/// `foxglove_msgs/msg/RawAudio` is Foxglove's (MIT): sound with its rate and channel count, which
/// `audio_common_msgs/msg/AudioDataStamped` does not carry.
const OWN: &[(&str, &str)] = &[
    (
        "fieldassay_msgs/msg/Boxes3D",
        "std_msgs/Header header\nfieldassay_msgs/Box3D[] boxes\n",
    ),
    (
        "fieldassay_msgs/msg/Box3D",
        "string track_id\nstring category\ngeometry_msgs/Pose pose\n\
         geometry_msgs/Vector3 size\nint64 point_count\n",
    ),
    (
        "foxglove_msgs/msg/RawAudio",
        "builtin_interfaces/Time timestamp\nuint8[] data\nstring format\n\
         uint32 sample_rate\nuint32 number_of_channels\n",
    ),
];

/// Line between the parts of a concatenated definition.
const SEPARATOR: &str =
    "================================================================================";

/// The fields of a type that is not among the standard ones: `fieldassay_msgs/msg/Boxes3D` and its
/// parts, and `foxglove_msgs/msg/RawAudio`.
///
/// In a box, `pose` is that of its center, `size` is length (x), width (y), height (z) in meters,
/// `point_count` the points of the cloud inside, -1 where unknown.
pub fn own_definition(type_name: &str) -> Option<&'static str> {
    OWN.iter()
        .find(|(name, _)| *name == type_name)
        .map(|(_, body)| *body)
}

/// The schema of a type (`sensor_msgs/msg/Imu`) as `ros2msg` text with everything it uses.
///
/// None for types that are neither standard nor our own. Cost: building the text, a few microseconds;
/// keep the result.
pub fn schema(type_name: &str) -> Option<Schema> {
    let text = match own_definition(type_name) {
        Some(body) => concatenated(type_name, body)?,
        None => standard_definition(type_name)?,
    };
    Some(Schema {
        name: type_name.to_owned(),
        encoding: "ros2msg".to_owned(),
        data: text.into_bytes(),
    })
}

/// One of our own types with everything it uses, each type once.
fn concatenated(type_name: &str, body: &str) -> Option<String> {
    let mut text = body.to_owned();
    let mut done = vec![type_name.replacen("/msg/", "/", 1)];
    let mut waiting = used_types(body);
    while !waiting.is_empty() {
        let name = waiting.remove(0);
        if done.contains(&name) {
            continue;
        }
        let full = name.replacen('/', "/msg/", 1);
        done.push(name.clone());
        let part = if let Some(own) = own_definition(&full) {
            waiting.extend(used_types(own));
            own.to_owned()
        } else {
            // The first part of a standard text is the type's own; the rest follows by name.
            let whole = standard_definition(&full)?;
            waiting.extend(named_parts(&whole));
            let own = whole.split(SEPARATOR).next().unwrap_or_default();
            own.to_owned()
        };
        text.push_str(SEPARATOR);
        text.push_str("\nMSG: ");
        text.push_str(&name);
        text.push('\n');
        text.push_str(&part);
    }
    Some(text)
}

/// Types of other packages in a definition, `pkg/Type`, in order.
fn used_types(body: &str) -> Vec<String> {
    body.lines()
        .filter_map(|line| line.split(' ').next())
        .map(|word| word.split('[').next().unwrap_or_default())
        .filter(|word| word.contains('/'))
        .map(str::to_owned)
        .collect()
}

/// The parts a concatenated text names.
fn named_parts(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("MSG: "))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_types_bring_what_they_use_once() {
        let schema = schema("fieldassay_msgs/msg/Boxes3D").unwrap();
        let text = String::from_utf8(schema.data).unwrap();
        let parts = named_parts(&text);
        let expected = [
            "std_msgs/Header",
            "fieldassay_msgs/Box3D",
            "builtin_interfaces/Time",
            "geometry_msgs/Pose",
            "geometry_msgs/Vector3",
            "geometry_msgs/Point",
            "geometry_msgs/Quaternion",
        ];
        assert_eq!(parts, expected);
        assert!(super::schema("sensor_msgs/msg/Imu").is_some());
        assert_eq!(super::schema("my_msgs/msg/Own"), None);
    }
}
