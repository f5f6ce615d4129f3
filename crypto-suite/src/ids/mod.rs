//! What this crate implements, by closed sets of its own, and their numbers in IKEv1, IKEv2, ESP and AH.

mod aead;
mod cipher;
mod hash;
mod kex;
mod mac;
mod prf;
mod signature;

pub use aead::AeadId;
pub use cipher::CipherId;
pub use hash::HashId;
pub use kex::KexId;
pub use mac::MacId;
pub use prf::PrfId;
pub use signature::SignatureId;

/// An enum of algorithms with a row of facts for each.
macro_rules! algorithms {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $row:ty {
            $($(#[$doc:meta])* $variant:ident = $facts:expr;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All there are, whether a provider holds them or not.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            #[inline]
            const fn row(self) -> $row {
                match self { $(Self::$variant => $facts,)* }
            }

            /// Its name.
            pub const fn name(self) -> &'static str {
                self.row().name
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}
use algorithms;

#[cfg(test)]
mod tests;
