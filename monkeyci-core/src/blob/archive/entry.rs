use std::io::Read;

use tar::{Entry, EntryType};

use super::{ArchiveError, Refusal};

/// Bytes of one PAX header: two paths and a comment fit.
const PAX_BYTES: u64 = 16 * 1024;

/// What the headers of one entry say together.
pub(super) struct Head {
    pub(super) name: Vec<u8>,
    pub(super) kind: EntryType,
    pub(super) target: Option<Vec<u8>>,
    pub(super) size: u64,
    pub(super) mode: u32,
    pub(super) mtime: i64,
    pub(super) comment: Option<String>,
}

/// What the headers before an entry say of it.
///
/// The `tar` crate would read them itself, of any size and with the PAX size in place of the header's; both have been
/// ways in (CVE-2025-62518), so they are read here: bounded, and refused where two headers disagree.
#[derive(Default)]
pub(super) struct Extensions {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
    comment: Option<String>,
    pax: bool,
}

impl Extensions {
    /// Takes in a header that is about the next entry; answers the entry's head when it is one itself.
    pub(super) fn take_in<R: Read>(
        &mut self,
        entry: &mut Entry<'_, R>,
        path_limit: usize,
    ) -> Result<Option<Head>, ArchiveError> {
        let own_name = entry.header().path_bytes().into_owned();
        let refuse = |refusal| Err(ArchiveError::refused(&own_name, refusal));
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let name = bounded(entry, path_limit as u64 + 1, &own_name, Refusal::TooLong(path_limit))?;
                if self.name.replace(trimmed(name)).is_some() {
                    return refuse(Refusal::Header("names it twice"));
                }
                Ok(None)
            }
            EntryType::GNULongLink => {
                let target = bounded(entry, path_limit as u64 + 1, &own_name, Refusal::TooLong(path_limit))?;
                if self.target.replace(trimmed(target)).is_some() {
                    return refuse(Refusal::Header("names its target twice"));
                }
                Ok(None)
            }
            EntryType::XHeader => {
                if std::mem::replace(&mut self.pax, true) {
                    return refuse(Refusal::Header("comes twice"));
                }
                let bytes = bounded(entry, PAX_BYTES, &own_name, Refusal::Header("is too long"))?;
                self.read_pax(&bytes, &own_name)?;
                Ok(None)
            }
            EntryType::XGlobalHeader => refuse(Refusal::Header("is about every entry")),
            kind => self.head(entry, kind, own_name).map(Some),
        }
    }

    fn read_pax(&mut self, bytes: &[u8], own_name: &[u8]) -> Result<(), ArchiveError> {
        let refuse = |what| ArchiveError::refused(own_name, Refusal::Header(what));
        for record in tar::PaxExtensions::new(bytes) {
            let record = record.map_err(|_| refuse("cannot be read"))?;
            let value = record.value_bytes();
            let text = || record.value().map_err(|_| refuse("is not UTF-8"));
            let fresh = match record.key().map_err(|_| refuse("is not UTF-8"))? {
                "path" => self.name.replace(value.to_vec()).is_none(),
                "linkpath" => self.target.replace(value.to_vec()).is_none(),
                "size" => {
                    let size = text()?.parse().map_err(|_| refuse("has a size that is no number"))?;
                    self.size.replace(size).is_none()
                }
                "comment" => self.comment.replace(text()?.to_owned()).is_none(),
                "mtime" | "atime" | "ctime" | "uid" | "gid" | "uname" | "gname" => true,
                key if key.starts_with("GNU.sparse.") => {
                    return Err(ArchiveError::refused(own_name, Refusal::Sparse));
                }
                _ => return Err(refuse("has a record that is not known")),
            };
            if !fresh {
                return Err(refuse("says one thing twice"));
            }
        }
        Ok(())
    }

    fn head<R: Read>(
        &mut self,
        entry: &Entry<'_, R>,
        kind: EntryType,
        own_name: Vec<u8>,
    ) -> Result<Head, ArchiveError> {
        let said = std::mem::take(self);
        let header = entry.header();
        let name = said.name.unwrap_or(own_name);
        let refuse = |what| ArchiveError::refused(&name, Refusal::Header(what));
        let size = header.entry_size().map_err(|_| refuse("has no size"))?;
        if said.size.is_some_and(|pax| pax != size) {
            return Err(refuse("gives it two sizes"));
        }
        Ok(Head {
            kind,
            target: said.target.or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned)),
            size,
            mode: header.mode().map_err(|_| refuse("has no mode"))?,
            mtime: header.mtime().ok().and_then(|time| i64::try_from(time).ok()).unwrap_or(0),
            comment: said.comment,
            name,
        })
    }
}

fn bounded(reader: impl Read, limit: u64, name: &[u8], refusal: Refusal) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes).map_err(ArchiveError::broken)?;
    if bytes.len() as u64 > limit { Err(ArchiveError::refused(name, refusal)) } else { Ok(bytes) }
}

/// GNU ends long names with a NUL.
fn trimmed(mut name: Vec<u8>) -> Vec<u8> {
    if name.last() == Some(&0) {
        name.pop();
    }
    name
}
