//! Released programs of others, installed by pip into environments of their own in the user's cache.
//!
//! Read [`environment`] first. Not here: what is run of them.

use crate::shell::Step;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// Where inputs and released programs are kept between runs: the user's cache.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(base.join("fieldassay"))
}

/// The environment of a package, made once per version.
pub(crate) fn environment(package: &str, version: &str) -> Result<PathBuf> {
    made(package, version, &[&format!("{package}=={version}")])
}

/// The environment of a package where that version is installed already.
pub(crate) fn present(package: &str, version: &str) -> Result<Option<PathBuf>> {
    let environment = folder(package)?;
    Ok(mark(&environment, version).is_file().then_some(environment))
}

/// An environment of several packages, each with its version, made once.
pub(crate) fn environment_of(name: &str, packages: &[&str]) -> Result<PathBuf> {
    made(name, &packages.join("+"), packages)
}

/// Whether that environment is there already.
pub(crate) fn has(name: &str, packages: &[&str]) -> Result<bool> {
    Ok(mark(&folder(name)?, &packages.join("+")).is_file())
}

fn folder(name: &str) -> Result<PathBuf> {
    Ok(cache()?.join("peers").join(name))
}

fn mark(environment: &Path, version: &str) -> PathBuf {
    environment.join(format!("installed-{version}"))
}

fn made(name: &str, version: &str, packages: &[&str]) -> Result<PathBuf> {
    let environment = folder(name)?;
    if mark(&environment, version).is_file() {
        return Ok(environment);
    }
    println!("installing {}", packages.join(" "));
    let shown = environment.to_string_lossy();
    Step::new("python3 -m venv").with(&shown).run()?;
    let mut install = Step::new(&format!("{shown}/bin/pip install --quiet"));
    for package in packages {
        install = install.with(package);
    }
    install
        .run()
        .with_context(|| format!("{} could not be installed", packages.join(" ")))?;
    std::fs::write(mark(&environment, version), "")?;
    Ok(environment)
}
