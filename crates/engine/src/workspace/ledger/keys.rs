//! Where private keys are kept: in a folder of the user, apart from all data.
//!
//! Read [`Keys`] first. A file of a key is never replaced. Beside it stands the last checkpoint that was signed with it,
//! so that a store that was restored from an old copy is noticed by whoever would sign for it.
//!
//! Not here: what is signed (`mod`), public keys (`fieldassay.toml`).

use crate::EngineError;
use crate::workspace::opened::World;
use fieldassay_proof::{Algorithm, SignerKey, VerifierKey};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The variable that may hold the line of a key instead of a file.
pub const KEY_VARIABLE: &str = "FIELDASSAY_LOG_KEY";
/// Longest file of a key that is read.
const MAX_KEY_BYTES: u64 = 4096;

/// The folder of private keys.
#[derive(Clone, Debug)]
pub(in crate::workspace) struct Keys {
    folder: Option<PathBuf>,
    /// The line of a key from the environment.
    line: Option<String>,
}

impl Keys {
    /// Where this user keeps keys: `$FIELDASSAY_KEYS`, else `fieldassay/keys` in `$XDG_CONFIG_HOME` or `$HOME/.config`.
    pub(in crate::workspace) fn of(world: &World<'_>) -> Self {
        let variable = |name: &str| (world.environment)(name).filter(|value| !value.is_empty());
        let below = |root: &str, rest: &str| Path::new(root).join(rest);
        let folder = variable("FIELDASSAY_KEYS")
            .map(PathBuf::from)
            .or_else(|| variable("XDG_CONFIG_HOME").map(|root| below(&root, "fieldassay/keys")))
            .or_else(|| variable("HOME").map(|root| below(&root, ".config/fieldassay/keys")));
        Self {
            folder,
            line: variable(KEY_VARIABLE),
        }
    }

    fn folder(&self) -> Result<&Path, EngineError> {
        self.folder.as_deref().ok_or_else(|| EngineError::Log {
            message: "there is no place for private keys\nhint: set FIELDASSAY_KEYS to a folder; without it $XDG_CONFIG_HOME/fieldassay/keys or $HOME/.config/fieldassay/keys is taken"
                .to_owned(),
        })
    }

    /// The file of the key of a log.
    pub(in crate::workspace) fn file(&self, origin: &str) -> Result<PathBuf, EngineError> {
        Ok(self.folder()?.join(format!("{}.key", file_name(origin))))
    }

    /// The file of one of the keys of a log that followed the first.
    pub(in crate::workspace) fn file_of(
        &self,
        origin: &str,
        key: &VerifierKey,
    ) -> Result<PathBuf, EngineError> {
        let name = format!("{}.{:08x}.key", file_name(origin), key.id());
        Ok(self.folder()?.join(name))
    }

    /// Makes the key that follows the one before it, and keeps it under its id.
    pub(in crate::workspace) fn make_next(
        &self,
        world: &World<'_>,
        origin: &str,
    ) -> Result<SignerKey, EngineError> {
        create_private(self.folder()?)?;
        let seed = random(world)?;
        let key = SignerKey::from_seed(origin, Algorithm::Ed25519, &seed).map_err(refused)?;
        let file = self.file_of(origin, key.verifier())?;
        write_private(&file, &format!("{}\n", key.encode()))?;
        Ok(key)
    }

    /// Makes a key from random bytes and keeps it. A file that is there is never replaced.
    ///
    /// Errors: no folder, a file that is there, what the system says.
    pub(in crate::workspace) fn make(
        &self,
        world: &World<'_>,
        origin: &str,
        file: &Path,
    ) -> Result<SignerKey, EngineError> {
        let folder = self.folder()?;
        create_private(folder)?;
        let seed = random(world)?;
        let key = SignerKey::from_seed(origin, Algorithm::Ed25519, &seed).map_err(refused)?;
        write_private(file, &format!("{}\n", key.encode()))?;
        Ok(key)
    }

    /// The private half of a key of a log: from the environment, or from its file.
    ///
    /// Errors: none of them holds it; says where was looked and how to bring it.
    pub(in crate::workspace) fn find(
        &self,
        origin: &str,
        wanted: &VerifierKey,
    ) -> Result<SignerKey, EngineError> {
        let (line, place) = if let Some(line) = &self.line {
            (Some(line.clone()), format!("the variable {KEY_VARIABLE}"))
        } else {
            // A key that followed another is kept under its id.
            let of_id = self.file_of(origin, wanted)?;
            let file = if of_id.exists() {
                of_id
            } else {
                self.file(origin)?
            };
            (read_line(&file)?, format!("`{}`", file.display()))
        };
        let Some(line) = line else {
            return Err(EngineError::Log {
                message: format!(
                    "the private key `{origin}` is missing, without which nothing can be published: there is no {place}\nhint: copy that file from the machine that has it, or set {KEY_VARIABLE} to the line in it; its public half is `{wanted}`"
                ),
            });
        };
        let key = SignerKey::parse(line.trim()).map_err(|error| EngineError::Log {
            message: format!("{place} holds no key: {error}"),
        })?;
        if key.verifier() == wanted {
            return Ok(key);
        }
        Err(EngineError::Log {
            message: format!(
                "{place} holds another key than the log is signed with: `{}`, not `{wanted}`\nhint: where the key was changed with `fieldassay log rotate`, bring the new one from the machine that did it",
                key.verifier()
            ),
        })
    }

    fn last_file(&self, origin: &str) -> Option<PathBuf> {
        let folder = self.folder.as_deref()?;
        Some(folder.join(format!("{}.last", file_name(origin))))
    }

    /// The last checkpoint this machine signed; none where it is not known.
    pub(in crate::workspace) fn last(
        &self,
        origin: &str,
    ) -> Result<Option<(PathBuf, Vec<u8>)>, EngineError> {
        let Some(file) = self.last_file(origin) else {
            return Ok(None);
        };
        match std::fs::read(&file) {
            Ok(bytes) => Ok(Some((file, bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EngineError::io("read", &file, error)),
        }
    }

    /// Remembers the checkpoint that is signed now, before anybody else sees it.
    pub(in crate::workspace) fn keep_last(
        &self,
        origin: &str,
        checkpoint: &str,
    ) -> Result<(), EngineError> {
        let Some(file) = self.last_file(origin) else {
            return Ok(());
        };
        create_private(self.folder()?)?;
        crate::output::write_text(&file, checkpoint, true)
    }
}

/// The name of a log as that of a file.
fn file_name(origin: &str) -> String {
    origin.replace('/', "_")
}

/// 32 bytes nobody can guess.
pub(in crate::workspace) fn random(world: &World<'_>) -> Result<[u8; 32], EngineError> {
    let mut bytes = [0; 32];
    (world.random)(&mut bytes).map_err(|error| EngineError::Log {
        message: format!("the system gives no random bytes: {error}"),
    })?;
    Ok(bytes)
}

/// What the room of proofs refuses, as an error of ours.
pub(in crate::workspace) fn refused(error: impl std::fmt::Display) -> EngineError {
    EngineError::Log {
        message: error.to_string(),
    }
}

fn read_line(file: &Path) -> Result<Option<String>, EngineError> {
    let io = |error| EngineError::io("read", file, error);
    match std::fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
        Ok(found) if found.len() > MAX_KEY_BYTES => {
            return Err(EngineError::Log {
                message: format!("`{}` holds no key: it is too long", file.display()),
            });
        }
        Ok(_) => {}
    }
    std::fs::read_to_string(file).map(Some).map_err(io)
}

/// A folder that only its owner can look into.
fn create_private(folder: &Path) -> Result<(), EngineError> {
    let io = |error| EngineError::io("create", folder, error);
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let only_owner = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, only_owner).map_err(io)?;
    }
    Ok(())
}

/// A file that only its owner can read, where none is yet; on the disk when this returns.
pub(in crate::workspace) fn write_private(file: &Path, text: &str) -> Result<(), EngineError> {
    let io = |error| EngineError::io("write", file, error);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut opened = match options.open(file) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(EngineError::Log {
                message: format!(
                    "`{}` is there already, and a private key is never replaced\nhint: move it away if no log is signed with it",
                    file.display()
                ),
            });
        }
        opened => opened.map_err(io)?,
    };
    opened.write_all(text.as_bytes()).map_err(io)?;
    opened.sync_all().map_err(io)
}
