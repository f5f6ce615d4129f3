//! SPIs for `serde`: the digits that they are shown with where people read, octets and numbers elsewhere.

use crate::{IkeSpi, Spi};
use core::fmt;
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl Serialize for IkeSpi {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for IkeSpi {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Digits(16)).map(|number| Self(number.to_be_bytes()))
        } else {
            Deserialize::deserialize(deserializer).map(Self)
        }
    }
}

impl Serialize for Spi {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.get().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Spi {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = if deserializer.is_human_readable() {
            let number = deserializer.deserialize_str(Digits(8))?;
            u32::try_from(number).map_err(D::Error::custom)?
        } else {
            Deserialize::deserialize(deserializer)?
        };
        Self::new(number).map_err(D::Error::custom)
    }
}

/// A number of so many hexadecimal digits.
struct Digits(usize);

impl Visitor<'_> for Digits {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hexadecimal digits", self.0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u64, E> {
        let digits = text.len() == self.0 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
        let number = if digits { u64::from_str_radix(text, 16).ok() } else { None };
        number.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IpProtocol;

    #[test]
    fn spis_are_digits_and_registries_numbers() {
        let ike = IkeSpi([0x9f, 0xfe, 0x47, 0x85, 0x43, 0xbf, 0x6f, 0xe9]);
        let child = Spi::new(0xc381_8ba5).unwrap();
        let text = serde_json::to_string(&(ike, child, IpProtocol::ESP, IpProtocol(200))).unwrap();
        assert_eq!(text, r#"["9ffe478543bf6fe9","c3818ba5",50,200]"#);
        let read: (IkeSpi, Spi, IpProtocol, IpProtocol) = serde_json::from_str(&text).unwrap();
        assert_eq!(read, (ike, child, IpProtocol::ESP, IpProtocol(200)));
    }

    #[test]
    fn what_is_no_spi_is_refused() {
        for text in ["\"\"", "\"c3818ba\"", "\"c3818ba5f\"", "\"+3818ba5\"", "\"000000ff\"", "7"] {
            assert!(serde_json::from_str::<Spi>(text).is_err(), "{text}");
        }
        for text in ["\"9ffe478543bf6fe\"", "\"9ffe478543bf6fe9a\"", "\"9ffe478543bf6fg9\"", "[1]"] {
            assert!(serde_json::from_str::<IkeSpi>(text).is_err(), "{text}");
        }
    }
}
