use crate::{CryptoError, Secret};

/// The keys of one direction of a Child SA, or of an SA of IKEv1's quick mode.
#[derive(Debug)]
pub struct SaKeys {
    /// Encryption key, with the salt behind it.
    pub encryption: Secret,
    /// Integrity key; `None` with an AEAD.
    pub integrity: Option<Secret>,
}

/// Cuts key material into keys, from its front.
pub(crate) struct Cutter<'a>(&'a [u8]);

impl<'a> Cutter<'a> {
    pub(crate) const fn new(material: &'a Secret) -> Self {
        Self(material.expose())
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<Secret, CryptoError> {
        let (head, rest) = self
            .0
            .split_at_checked(len)
            .ok_or(CryptoError::Length { what: "key material", got: self.0.len() })?;
        self.0 = rest;
        Ok(Secret::copy_from(head))
    }

    pub(crate) fn take_some(&mut self, len: usize) -> Result<Option<Secret>, CryptoError> {
        if len == 0 { Ok(None) } else { self.take(len).map(Some) }
    }
}
