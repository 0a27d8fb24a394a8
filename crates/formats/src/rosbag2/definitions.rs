//! Definitions of the standard ROS 2 message types, for bags that carry none.
//!
//! rosbag2 stores definitions since Iron (2023); older bags name types only. The embedded field
//! lists are those of Humble, the last distribution before; types that came later are added as they
//! were in Jazzy. Sources and licences stand at the head of each file in `definitions/`.
//!
//! Types that changed: `visualization_msgs/msg/Marker` and `shape_msgs/msg/SolidPrimitive` grew in
//! Humble, `rcl_interfaces/msg/ParameterDescriptor` in Galactic, so bags of distributions before
//! hold shorter messages; `sensor_msgs/msg/Range` and the `rosbag2_interfaces` events grew after
//! Humble, where bags carry definitions.
//!
//! Not here: parsing definitions (`decode`); services and actions, which bags without definitions never hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// One file per package: `== pkg/msg/Type`, then its fields and constants.
const BUNDLES: &[&str] = &[
    include_str!("definitions/action_msgs.msg-bundle"),
    include_str!("definitions/actionlib_msgs.msg-bundle"),
    include_str!("definitions/builtin_interfaces.msg-bundle"),
    include_str!("definitions/diagnostic_msgs.msg-bundle"),
    include_str!("definitions/geometry_msgs.msg-bundle"),
    include_str!("definitions/lifecycle_msgs.msg-bundle"),
    include_str!("definitions/nav_msgs.msg-bundle"),
    include_str!("definitions/rcl_interfaces.msg-bundle"),
    include_str!("definitions/rosbag2_interfaces.msg-bundle"),
    include_str!("definitions/rosgraph_msgs.msg-bundle"),
    include_str!("definitions/sensor_msgs.msg-bundle"),
    include_str!("definitions/service_msgs.msg-bundle"),
    include_str!("definitions/shape_msgs.msg-bundle"),
    include_str!("definitions/statistics_msgs.msg-bundle"),
    include_str!("definitions/std_msgs.msg-bundle"),
    include_str!("definitions/stereo_msgs.msg-bundle"),
    include_str!("definitions/tf2_msgs.msg-bundle"),
    include_str!("definitions/trajectory_msgs.msg-bundle"),
    include_str!("definitions/unique_identifier_msgs.msg-bundle"),
    include_str!("definitions/visualization_msgs.msg-bundle"),
];

/// Line between the parts of a concatenated definition, as rosbag2 writes it.
const SEPARATOR: &str =
    "================================================================================";

fn table() -> &'static BTreeMap<&'static str, &'static str> {
    static TABLE: OnceLock<BTreeMap<&'static str, &'static str>> = OnceLock::new();
    TABLE.get_or_init(|| {
        BUNDLES
            .iter()
            .flat_map(|bundle| bundle.split("\n== ").skip(1))
            .filter_map(|entry| entry.split_once('\n').or(Some((entry, ""))))
            .map(|(name, body)| (name.trim_end(), body.trim_end()))
            .collect()
    })
}

/// The definition of a standard type as `ros2msg` text: the type itself, then each type it needs
/// behind a line of `=` and `MSG: pkg/Type`.
///
/// `type_name` is `pkg/msg/Type`; none for types that are not embedded. Cost: a look-up per field.
pub fn standard_definition(type_name: &str) -> Option<String> {
    let body = table().get(type_name)?;
    let mut text = String::from(*body);
    text.push('\n');
    let mut done = BTreeSet::from([type_name.to_owned()]);
    let mut waiting = dependencies(type_name, body);
    waiting.reverse();
    while let Some(name) = waiting.pop() {
        if !done.insert(name.clone()) {
            continue;
        }
        let body = table().get(name.as_str())?;
        text.push_str(SEPARATOR);
        text.push_str("\nMSG: ");
        text.push_str(&name.replacen("/msg/", "/", 1));
        text.push('\n');
        text.push_str(body);
        text.push('\n');
        let mut more = dependencies(&name, body);
        more.reverse();
        waiting.append(&mut more);
    }
    Some(text)
}

/// The definition of a service event as `ros2msg` text, made from that of its service.
///
/// Recorders store the service (`request --- response`, dependencies behind lines of `=`) where the
/// messages are events: `service_msgs/ServiceEventInfo`, then at most one request and one response.
/// `type_name` is `pkg/srv/Type_Event`; none for other names and for text without a `---` line.
pub fn service_event_definition(type_name: &str, service: &str) -> Option<String> {
    let (package, name) = type_name.strip_suffix("_Event")?.split_once("/srv/")?;
    let (own, rest) = match service.split_once(SEPARATOR) {
        Some((own, rest)) => (own, Some(rest)),
        None => (service, None),
    };
    let mut lines = own.lines();
    let request: Vec<&str> = lines
        .by_ref()
        .take_while(|line| line.trim_end() != "---")
        .collect();
    let response: Vec<&str> = lines.collect();
    if request.len() + response.len() == own.lines().count() {
        return None;
    }
    let info = standard_definition("service_msgs/msg/ServiceEventInfo")?;
    let mut text = format!(
        "service_msgs/ServiceEventInfo info\n{package}/{name}_Request[<=1] request\n{package}/{name}_Response[<=1] response\n"
    );
    let mut part = |name: &str, body: &str| {
        for piece in [SEPARATOR, "\nMSG: ", name, "\n", body.trim_end(), "\n"] {
            text.push_str(piece);
        }
    };
    part(&format!("{package}/{name}_Request"), &request.join("\n"));
    part(&format!("{package}/{name}_Response"), &response.join("\n"));
    part("service_msgs/ServiceEventInfo", &info);
    if let Some(rest) = rest {
        // The dependencies of the service, except one that the event information brought already.
        for dependency in rest.split(SEPARATOR) {
            if !dependency
                .trim_start()
                .starts_with("MSG: builtin_interfaces/Time\n")
            {
                text.push_str(SEPARATOR);
                text.push_str(dependency);
            }
        }
    }
    Some(text)
}

/// Names of all embedded types, sorted.
pub fn standard_types() -> Vec<&'static str> {
    table().keys().copied().collect()
}

/// Full names of the message types the fields of a definition have, in order.
fn dependencies(type_name: &str, body: &str) -> Vec<String> {
    let package = type_name.split('/').next().unwrap_or_default();
    body.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(|kind| kind.split(['[', '<']).next().unwrap_or_default())
        .filter(|kind| kind.starts_with(|c: char| c.is_ascii_uppercase()) || kind.contains('/'))
        .map(|kind| match kind.split_once('/') {
            Some((package, name)) => format!("{package}/msg/{name}"),
            None => format!("{package}/msg/{kind}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_definition_holds_all_it_needs_once() {
        let text = standard_definition("sensor_msgs/msg/NavSatFix").unwrap();
        expect![[r"
            uint8 COVARIANCE_TYPE_UNKNOWN=0
            uint8 COVARIANCE_TYPE_APPROXIMATED=1
            uint8 COVARIANCE_TYPE_DIAGONAL_KNOWN=2
            uint8 COVARIANCE_TYPE_KNOWN=3
            std_msgs/Header header
            NavSatStatus status
            float64 latitude
            float64 longitude
            float64 altitude
            float64[9] position_covariance
            uint8 position_covariance_type
            ================================================================================
            MSG: std_msgs/Header
            builtin_interfaces/Time stamp
            string frame_id
            ================================================================================
            MSG: builtin_interfaces/Time
            int32 sec
            uint32 nanosec
            ================================================================================
            MSG: sensor_msgs/NavSatStatus
            int8 STATUS_NO_FIX=-1
            int8 STATUS_FIX=0
            int8 STATUS_SBAS_FIX=1
            int8 STATUS_GBAS_FIX=2
            uint16 SERVICE_GPS=1
            uint16 SERVICE_GLONASS=2
            uint16 SERVICE_COMPASS=4
            uint16 SERVICE_GALILEO=8
            int8 status
            uint16 service
        "]]
        .assert_eq(&text);
    }

    #[test]
    fn a_service_event_has_information_request_and_response() {
        let service = format!(
            "int64 a\ngeometry_msgs/Point p\n---\nint64 sum\n{SEPARATOR}\nMSG: geometry_msgs/Point\nfloat64 x\n"
        );
        let text = service_event_definition("my_msgs/srv/Add_Event", &service).unwrap();
        expect![[r"
            service_msgs/ServiceEventInfo info
            my_msgs/Add_Request[<=1] request
            my_msgs/Add_Response[<=1] response
            ================================================================================
            MSG: my_msgs/Add_Request
            int64 a
            geometry_msgs/Point p
            ================================================================================
            MSG: my_msgs/Add_Response
            int64 sum
            ================================================================================
            MSG: service_msgs/ServiceEventInfo
            uint8 REQUEST_SENT=0
            uint8 REQUEST_RECEIVED=1
            uint8 RESPONSE_SENT=2
            uint8 RESPONSE_RECEIVED=3
            uint8 event_type
            builtin_interfaces/Time stamp
            char[16] client_gid
            int64 sequence_number
            ================================================================================
            MSG: builtin_interfaces/Time
            int32 sec
            uint32 nanosec
            ================================================================================
            MSG: geometry_msgs/Point
            float64 x
        "]]
        .assert_eq(&text);
        assert_eq!(service_event_definition("my_msgs/srv/Add", &service), None);
        assert_eq!(
            service_event_definition("my_msgs/srv/Add_Event", "int64 a\n"),
            None
        );
        let empty = service_event_definition("std_srvs/srv/Empty_Event", "---\n").unwrap();
        assert!(empty.contains("MSG: std_srvs/Empty_Request\n"), "{empty}");
    }

    #[test]
    fn every_definition_is_complete() {
        assert!(standard_types().len() > 140);
        for name in standard_types() {
            let text = standard_definition(name).unwrap_or_default();
            let parts = text.split(SEPARATOR).count();
            assert_eq!(parts, text.matches("\nMSG: ").count() + 1, "{name}");
            assert_eq!(name.split('/').count(), 3, "{name}");
        }
        assert_eq!(
            standard_definition("std_msgs/msg/Empty").as_deref(),
            Some("\n")
        );
        assert_eq!(standard_definition("my_msgs/msg/Own"), None);
    }
}
