/// Declares a payload whose body is one field of any octets.
macro_rules! opaque_payload {
    ($(#[$outer:meta])* pub struct $name:ident: $what:literal, shown as $form:ident) => {
        $(#[$outer])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name<'a> {
            data: &'a [u8],
        }

        impl<'a> $name<'a> {
            #[doc = concat!("A payload of ", $what, ": any octets are lawful, so this also is its `decode`.")]
            pub const fn new(data: &'a [u8]) -> Self {
                Self { data }
            }

            #[doc = concat!("The octets of ", $what, ".")]
            pub const fn data(&self) -> &'a [u8] {
                self.data
            }
        }

        impl ipsec_types::Encode for $name<'_> {
            fn encoded_len(&self) -> usize {
                self.data.len()
            }

            fn encode(&self, out: &mut ipsec_types::Writer<'_>) -> Result<(), ipsec_types::EncodeError> {
                out.put(self.data)
            }
        }

        opaque_payload!(@$form $name);

        impl core::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&crate::text::Hex(self.data)).finish()
            }
        }
    };
    (@digits $name:ident) => {
        /// The octets as hexadecimal digits.
        impl core::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}", crate::text::Hex(self.data))
            }
        }
    };
    (@length $name:ident) => {
        /// How many octets there are.
        impl core::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{} octets", self.data.len())
            }
        }
    };
}

pub(crate) use opaque_payload;
