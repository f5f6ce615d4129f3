/// `Serialize` and `Deserialize` of a registry, in the crate that declares it: as the number, for names change.
#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! registry_as_number {
    ($registry:ident: $repr:ty) => {
        impl $crate::serde::Serialize for $registry {
            fn serialize<S: $crate::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $registry {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                <$repr as $crate::serde::Deserialize>::deserialize(deserializer).map(Self)
            }
        }
    };
}

/// Without the feature `serde` there is nothing to add.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! registry_as_number {
    ($registry:ident: $repr:ty) => {};
}

/// Declares an IANA registry: a newtype over the wire number with the registered values as constants.
///
/// An unknown number is a value like any other: it parses, compares, prints as its number and is written again. With the
/// feature `serde` of this crate a registry is serialized as its number.
///
/// ```
/// ipsec_types::registry! {
///     /// A registry.
///     pub struct Fruit: u8 {
///         /// RFC 1.
///         APPLE = 1,
///         /// RFC 2.
///         PEAR = 2 => "Pear (William)",
///     }
/// }
/// assert_eq!(Fruit::APPLE.to_string(), "APPLE");
/// assert_eq!(Fruit(2).name(), Some("Pear (William)"));
/// assert_eq!(Fruit(9).to_string(), "9");
/// assert_eq!(format!("{:?}", Fruit(9)), "Fruit(9)");
/// ```
#[macro_export]
macro_rules! registry {
    (
        $(#[$outer:meta])*
        pub struct $registry:ident: $repr:ty {
            $( $(#[$inner:meta])* $name:ident = $value:literal $(=> $text:literal)? ),* $(,)?
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $registry(pub $repr);

        impl $registry {
            $( $(#[$inner])* pub const $name: Self = Self($value); )*

            /// The registered name, if the number is registered.
            pub const fn name(self) -> ::core::option::Option<&'static str> {
                match self.0 {
                    $( $value => ::core::option::Option::Some($crate::registry!(@text $name $($text)?)), )*
                    _ => ::core::option::Option::None,
                }
            }

            /// The registered number that has this name, if one does.
            pub fn from_name(name: &str) -> ::core::option::Option<Self> {
                match name {
                    $( $crate::registry!(@text $name $($text)?) => ::core::option::Option::Some(Self($value)), )*
                    _ => ::core::option::Option::None,
                }
            }
        }

        $crate::registry_as_number!($registry: $repr);

        impl ::core::fmt::Display for $registry {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    ::core::option::Option::Some(name) => f.pad(name),
                    ::core::option::Option::None => ::core::fmt::Display::fmt(&self.0, f),
                }
            }
        }

        impl ::core::fmt::Debug for $registry {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    ::core::option::Option::Some(name) => f.write_str(name),
                    ::core::option::Option::None => ::core::write!(f, "{}({})", stringify!($registry), self.0),
                }
            }
        }
    };
    (@text $name:ident $text:literal) => { $text };
    (@text $name:ident) => { stringify!($name) };
}
