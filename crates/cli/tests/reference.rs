//! The page of the command line is that of the build with all verbs.
#![cfg(feature = "platform")]

#[test]
fn the_reference_of_the_command_line_is_current() {
    let page = expect_test::expect_file!["../../../docs/reference/cli.md"];
    page.assert_eq(&fieldassay_cli::reference());
}
