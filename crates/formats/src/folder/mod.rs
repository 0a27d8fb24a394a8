//! Folders as recordings: data-set layouts whose files become messages of standard types.
