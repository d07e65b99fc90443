//! Why a file is not used as a whole.

use ledger::Stop;
use manifest::ManifestError;

/// The file `name` is unusable from somewhere on, so none of its entries is used.
pub fn broken(name: &str, error: &ManifestError) -> Stop {
    let reason = format!("`{name}` cannot be read to its end: {error}. No device was touched");
    Stop { code: error.code().to_owned(), reason }
}

/// There is nothing to do.
pub fn without_entries(name: &str) -> Stop {
    Stop { code: "Manifest.Empty".to_owned(), reason: format!("`{name}` has no entries") }
}
