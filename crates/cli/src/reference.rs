//! The reference of the command line, from the definitions `clap` parses with.
//!
//! Not here: what the verbs do.

use std::fmt::Write as _;

/// Width help texts are wrapped to, so that the page does not depend on a terminal.
const WIDTH: usize = 100;

/// `docs/reference/cli.md`: one section per verb of this build. A test of the build with the workspace keeps it.
pub fn reference() -> String {
    let mut command = crate::command()
        .term_width(WIDTH)
        .color(clap::ColorChoice::Never);
    command.build();
    let mut page = "<!-- Made from the definitions in crates/cli by `UPDATE_EXPECT=1 cargo test --workspace --all-features --test reference`; do not edit. -->\n\n".to_owned();
    let _ = write!(
        page,
        "# Command line\n\nThe verbs from `init` on need a build with `--features platform`.\n\n```text\n{}\n```\n",
        trimmed(&command.render_long_help().to_string())
    );
    for verb in command.get_subcommands() {
        if verb.get_name() == "help" {
            continue;
        }
        section(&mut page, verb, "##", verb.get_name());
        for action in verb.get_subcommands() {
            if action.get_name() != "help" {
                let name = format!("{} {}", verb.get_name(), action.get_name());
                section(&mut page, action, "###", &name);
            }
        }
    }
    page
}

/// The help of one verb, or of one thing a verb does.
fn section(page: &mut String, command: &clap::Command, level: &str, name: &str) {
    let help = command
        .clone()
        .term_width(WIDTH)
        .render_long_help()
        .to_string();
    let _ = write!(
        page,
        "\n{level} {name}\n\n```text\n{}\n```\n",
        trimmed(&help)
    );
}

/// Without blanks at the ends of lines.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}
