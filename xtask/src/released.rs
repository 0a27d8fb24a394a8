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
    let environment = folder(package)?;
    if !mark(&environment, version).is_file() {
        install(package, version, &environment)?;
    }
    Ok(environment)
}

/// The environment of a package where that version is installed already.
pub(crate) fn present(package: &str, version: &str) -> Result<Option<PathBuf>> {
    let environment = folder(package)?;
    Ok(mark(&environment, version).is_file().then_some(environment))
}

fn folder(package: &str) -> Result<PathBuf> {
    Ok(cache()?.join("peers").join(package))
}

fn mark(environment: &Path, version: &str) -> PathBuf {
    environment.join(format!("installed-{version}"))
}

fn install(package: &str, version: &str, environment: &Path) -> Result<()> {
    println!("installing {package} {version}");
    let shown = environment.to_string_lossy();
    Step::new("python3 -m venv").with(&shown).run()?;
    Step::new(&format!("{shown}/bin/pip install --quiet"))
        .with(&format!("{package}=={version}"))
        .run()
        .with_context(|| format!("`{package}` could not be installed"))?;
    std::fs::write(mark(environment, version), "")?;
    Ok(())
}
