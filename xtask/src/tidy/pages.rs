//! Rules about text of any kind and about Markdown pages.
//!
//! Not here: Rust (`rust`).

use super::{Breaches, File};

/// Places of one machine, which mean nothing on another. Built in parts so that this file passes.
const MACHINE_PLACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/opt/wh", "eels"),
];
/// Hosts of package registries: clients know them, pages and scripts need not.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("pypi", ".org"),
    concat!("files.pythonhosted", ".org"),
    concat!("registry.npmjs", ".org"),
    concat!("proxy.golang", ".org"),
];

/// Trailing blanks, tabs, machine places and registry hosts.
pub(crate) fn check_text(file: &File, breaches: &mut Breaches) {
    let generated = file.path.ends_with("Cargo.lock") || file.path.ends_with("LICENSE");
    let spaced = [
        "rs", "md", "toml", "yaml", "yml", "sh", "json", "html", "css", "js", "py",
    ]
    .iter()
    .any(|extension| file.is(extension));
    for (index, line) in file.text.lines().enumerate() {
        let number = index + 1;
        if spaced && line.ends_with([' ', '\t', '\r']) {
            breaches.add(&file.path, number, "ends in blanks");
        }
        if spaced && line.contains('\t') {
            breaches.add(&file.path, number, "holds a tab; use spaces");
        }
        if generated {
            continue;
        }
        for place in MACHINE_PLACES {
            if names_place(line, place) {
                breaches.add(
                    &file.path,
                    number,
                    &format!("names a place of one machine, `{place}`"),
                );
            }
        }
        for host in REGISTRY_HOSTS {
            if line.contains(host) {
                breaches.add(
                    &file.path,
                    number,
                    &format!("names a registry host, `{host}`"),
                );
            }
        }
    }
    if spaced && !file.text.is_empty() && !file.text.ends_with('\n') {
        breaches.add(
            &file.path,
            file.text.lines().count(),
            "does not end in a line break",
        );
    }
}

/// Whether the line names the folder itself, not one of that name inside another.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
    })
}

/// Exactly one first-level heading, first; links to files of the repository exist.
pub(crate) fn check_markdown(file: &File, breaches: &mut Breaches) {
    let mut fenced = false;
    let mut headings = 0;
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        if line.starts_with("# ") {
            headings += 1;
        }
        for target in link_targets(line) {
            if !exists(file, target) {
                breaches.add(
                    &file.path,
                    index + 1,
                    &format!("links to `{target}`, which is not there"),
                );
            }
        }
    }
    if headings != 1 {
        breaches.add(
            &file.path,
            1,
            &format!("has {headings} first-level headings; a page has one"),
        );
    }
    if fenced {
        breaches.add(&file.path, 1, "leaves a code block open");
    }
}

/// Targets of `[text](target)` in a line, without anchors.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split_once(')')?.0;
        Some(target.split('#').next().unwrap_or(target))
    })
}

fn exists(file: &File, target: &str) -> bool {
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let folder = crate::shell::root().join(&file.path);
    folder
        .parent()
        .is_some_and(|folder| folder.join(target).exists())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn breaches(name: &str, text: &str) -> Vec<String> {
        let file = File {
            path: PathBuf::from(name),
            text: text.to_owned(),
        };
        let mut found = Breaches::default();
        check_text(&file, &mut found);
        if file.is("md") {
            check_markdown(&file, &mut found);
        }
        found.0
    }

    #[test]
    fn a_clean_page_passes() {
        assert_eq!(
            breaches(
                "a.md",
                "# A\n\n```\n# not a heading\n```\n[x](ARCHITECTURE.md#rooms) end\n"
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn each_rule_fires() {
        let place = format!("see {}x\n", MACHINE_PLACES[0]);
        assert_eq!(breaches("a.rs", &place).len(), 1);
        assert_eq!(breaches("a.rs", "let x = 1; \n").len(), 1);
        assert_eq!(breaches("a.rs", "\tx\n").len(), 1);
        assert_eq!(breaches("a.rs", "x").len(), 1);
        assert_eq!(breaches("a.md", "# A\n# B\n").len(), 1);
        assert_eq!(breaches("a.md", "# A\n[x](no/such/page.md)\n").len(), 1);
    }

    #[test]
    fn a_folder_of_the_same_name_inside_another_is_fine() {
        assert_eq!(breaches("a.rs", "// target/home/x\n"), Vec::<String>::new());
    }
}
