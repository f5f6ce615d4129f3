//! A man in the middle who knows the keys: reads messages, and makes authentic ones of his own.

use alloc::sync::Arc;
use ikev2_wire::{
    EncodeError, ExchangeType, Flags, Framing, Header, IkeSpi, Message, MessageBuilder, PayloadType,
    RawPayload,
};
use ipsec_crypto_suite::{Protection, ProtectionKey, Secret, rustcrypto};
use ipsec_ike::v2::{DirectionKeys, MessageKeys, Plaintext, open};
use ipsec_ike::{ChildSaKeys, IkeSaKeys, KeyLog};
use ipsec_types::{Encode, Writer};
use std::sync::Mutex;

/// Notes the keys of the SAs of an endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spy(Arc<Mutex<Vec<Noted>>>);

#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) spi_i: IkeSpi,
    pub(crate) spi_r: IkeSpi,
    protection: Protection,
    sk_ei: Vec<u8>,
    sk_er: Vec<u8>,
}

impl KeyLog for Spy {
    fn ike_sa(&self, keys: &IkeSaKeys<'_>) {
        self.0.lock().unwrap().push(Noted {
            spi_i: keys.spi_i,
            spi_r: keys.spi_r,
            protection: keys.protection,
            sk_ei: keys.sk_ei.expose().to_vec(),
            sk_er: keys.sk_er.expose().to_vec(),
        });
    }

    fn child_sa(&self, _keys: &ChildSaKeys<'_>) {}
}

/// A payload: its type, and its body.
pub(crate) type Piece = (PayloadType, Vec<u8>);

/// A body as it stands.
pub(crate) struct Raw<'a>(pub(crate) &'a [u8]);

impl Encode for Raw<'_> {
    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.put(self.0)
    }
}

/// The octets of a body.
pub(crate) fn body(body: &impl Encode) -> Vec<u8> {
    let mut octets = vec![0; body.encoded_len()];
    body.encode(&mut Writer::new(&mut octets)).unwrap();
    octets
}

impl Spy {
    /// The keys of the SA that was made last.
    pub(crate) fn last(&self) -> Noted {
        self.0.lock().unwrap().last().unwrap().clone()
    }

    pub(crate) fn all(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().iter().flat_map(|keys| [keys.sk_ei.clone(), keys.sk_er.clone()]).collect()
    }
}

impl Noted {
    /// What an encrypted message holds.
    pub(crate) fn read(&self, message: &[u8]) -> (Header, Vec<Piece>) {
        let direction = |key: &[u8]| DirectionKeys { sk_e: Secret::copy_from(key), sk_a: None };
        let (initiator, responder) = (direction(&self.sk_ei), direction(&self.sk_er));
        let keys = MessageKeys::new(&rustcrypto::provider(), self.protection, initiator, responder).unwrap();
        let header = Header::parse(message).unwrap();
        let mut copy = message.to_vec();
        let Plaintext::Message(chain) = open(&keys, &mut copy).unwrap() else { panic!("a fragment") };
        (header, chain.iter().map(|payload| (payload.kind(), payload.body().to_vec())).collect())
    }

    /// An authentic message with these payloads.
    pub(crate) fn write(&self, header: &Header, payloads: &[Piece]) -> Vec<u8> {
        self.write_with(header, payloads, 0)
    }

    /// The same with one payload, its critical bit set.
    pub(crate) fn write_critical(&self, header: &Header, payload: &Piece) -> Vec<u8> {
        self.write_with(header, core::slice::from_ref(payload), RawPayload::CRITICAL)
    }

    /// An authentic message whose SK holds these octets, padding and Pad Length included, whatever they are.
    pub(crate) fn write_octets(&self, header: &Header, first: PayloadType, plaintext: &[u8]) -> Vec<u8> {
        let length = Header::LEN + 4 + 8 + plaintext.len() + 16;
        let (message, body) = (u32::try_from(length).unwrap(), u16::try_from(length - Header::LEN).unwrap());
        let mut buf = vec![0; length];
        let header = Header { next_payload: PayloadType::SK, length: message, ..*header };
        header.encode(&mut Writer::new(&mut buf)).unwrap();
        buf[28] = first.0;
        buf[30..32].copy_from_slice(&body.to_be_bytes());
        let (aad, rest) = buf.split_at_mut(32);
        let (iv, rest) = rest.split_at_mut(8);
        let (text, icv) = rest.split_at_mut(plaintext.len());
        text.copy_from_slice(plaintext);
        let key = if header.flags.is_initiator() { &self.sk_ei } else { &self.sk_er };
        let key = Secret::copy_from(key);
        let key = ProtectionKey::new(&rustcrypto::provider(), self.protection, &key, None).unwrap();
        iv.fill(0xee);
        key.seal(aad, iv, text, &[], icv).unwrap();
        buf
    }

    fn write_with(&self, header: &Header, payloads: &[Piece], flags: u8) -> Vec<u8> {
        let mut buf = vec![0; 65_536];
        let mut builder = MessageBuilder::new(&mut buf, header).unwrap();
        builder.begin_encrypted(Framing { iv_len: 8, block_len: 1, icv_len: 16 }).unwrap();
        for (kind, body) in payloads {
            builder.push_with_flags(*kind, flags, &Raw(body)).unwrap();
        }
        let slots = builder.finish_encrypted().unwrap();
        let length = slots.datagram_len();
        let key = if header.flags.is_initiator() { &self.sk_ei } else { &self.sk_er };
        let key = Secret::copy_from(key);
        let key = ProtectionKey::new(&rustcrypto::provider(), self.protection, &key, None).unwrap();
        slots.iv.fill(0xee);
        key.seal(slots.aad, slots.iv, slots.plaintext, &[], slots.icv).unwrap();
        buf.truncate(length);
        buf
    }

    /// A header of this SA.
    pub(crate) fn header(&self, exchange: ExchangeType, flags: Flags, message_id: u32) -> Header {
        Header::new(self.spi_i, self.spi_r, exchange, flags, message_id)
    }
}

/// The payloads of a message in the clear.
pub(crate) fn clear(message: &[u8]) -> (Header, Vec<Piece>) {
    let parsed = Message::parse(message).unwrap();
    let pieces = parsed.payloads().iter().map(|payload| (payload.kind(), payload.body().to_vec()));
    (*parsed.header(), pieces.collect())
}

/// A message in the clear.
pub(crate) fn in_clear(header: &Header, payloads: &[Piece]) -> Vec<u8> {
    let mut buf = vec![0; 65_536];
    let mut builder = MessageBuilder::new(&mut buf, header).unwrap();
    for (kind, body) in payloads {
        builder.push(*kind, &Raw(body)).unwrap();
    }
    builder.finish().unwrap().to_vec()
}
