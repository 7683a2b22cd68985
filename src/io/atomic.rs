//! Writing whole files or nothing.

use crate::Error;
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Puts what `write` writes in the place of the file at `path`, once all of it is on the disk. A
/// failure leaves the file as it was.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let run = || {
        let mut builder = tempfile::Builder::new();
        // As of any new file; the default would be readable by its owner alone.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(&folder)?;
        let mut buffered = io::BufWriter::new(file.as_file_mut());
        write(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The new name is on the disk when the folder is; not every system can say so.
        let _ = File::open(&folder).and_then(|folder| folder.sync_all());
        Ok(())
    };
    run().map_err(|source| Error::Io { path: path.to_owned(), source })
}

/// The bytes of a file.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })
}
