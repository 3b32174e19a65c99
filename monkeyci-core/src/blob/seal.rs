//! The seal at a blob's end: its length and digest, so that a torn or changed blob is never taken for whole.
//!
//! It is part of the same object, not a second one beside it, so that the two cannot be of different writers. It has the
//! form of a skippable frame of zstd (RFC 8878, section 3.1.2): what is compressed stays readable by `zstd -d`.

use std::io::{self, Read, Write};

/// Bytes of a seal: a frame's head of 8, a digest of 32, a length of 8.
pub(super) const LEN: u64 = 48;

const HEAD: [u8; 8] = [0x5B, 0x2A, 0x4D, 0x18, 40, 0, 0, 0];

/// Passes bytes on, and the seal after them.
pub(super) struct Sealing<W> {
    out: W,
    hasher: blake3::Hasher,
    size: u64,
}

impl<W: Write> Sealing<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, hasher: blake3::Hasher::new(), size: 0 }
    }

    /// Writes the seal; answers how long what it seals is, and its digest in hex.
    pub(super) fn finish(mut self) -> io::Result<(u64, String)> {
        let digest = self.hasher.finalize();
        self.out.write_all(&HEAD)?;
        self.out.write_all(digest.as_bytes())?;
        self.out.write_all(&self.size.to_le_bytes())?;
        self.out.flush()?;
        Ok((self.size, digest.to_hex().to_string()))
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Passes on what was sealed, and ends in an error when it is not what was sealed.
pub(super) struct Unsealing<R> {
    sealed: R,
    size: u64,
    left: u64,
    hasher: blake3::Hasher,
    checked: bool,
}

impl<R: Read> Unsealing<R> {
    /// Reads what was sealed from an object of `object` bytes.
    pub(super) fn new(sealed: R, object: u64) -> io::Result<Self> {
        let size = object.checked_sub(LEN).ok_or_else(|| broken("is too short to hold its seal"))?;
        Ok(Self { sealed, size, left: size, hasher: blake3::Hasher::new(), checked: false })
    }

    fn check(&mut self) -> io::Result<()> {
        let mut seal = [0; LEN as usize];
        self.sealed.read_exact(&mut seal)?;
        if seal[..8] != HEAD || seal[40..] != self.size.to_le_bytes() {
            return Err(broken("has no seal at its end: it was cut or changed"));
        }
        if seal[8..40] != *self.hasher.finalize().as_bytes() {
            return Err(broken("has other bytes than were stored: its digest differs"));
        }
        self.checked = true;
        Ok(())
    }
}

impl<R: Read> Read for Unsealing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            if !self.checked {
                self.check()?;
            }
            return Ok(0);
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.sealed.read(&mut buffer[..room])?;
        if read == 0 && room > 0 {
            return Err(broken("ends too early"));
        }
        self.hasher.update(&buffer[..read]);
        self.left -= read as u64;
        Ok(read)
    }
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let mut sealed = Vec::new();
        let mut sealing = Sealing::new(&mut sealed);
        sealing.write_all(b"forty-two bananas").expect("writes");
        assert_eq!(sealing.finish().expect("seals").0, 17);
        let read = |object: &[u8]| {
            let mut text = Vec::new();
            Unsealing::new(object, object.len() as u64)?.read_to_end(&mut text).map(|_| text)
        };
        assert_eq!(read(&sealed).expect("whole"), b"forty-two bananas");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).is_err(), "bit {bit} went unnoticed");
        }
        for end in 0..sealed.len() {
            assert!(read(&sealed[..end]).is_err(), "a cut at {end} went unnoticed");
        }
    }
}
