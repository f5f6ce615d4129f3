use crate::{Datagram, Encode, EncodeError, NON_ESP_MARKER, Writer};

/// What whoever opened the TCP connection sends first, once (RFC 9329 §4).
pub const STREAM_PREFIX: [u8; 6] = *b"IKETCP";

/// One frame of a TCP stream: a length that counts itself, then an IKE message behind the non-ESP marker, or an ESP packet
/// (RFC 9329 §3).
///
/// Keepalives are not for TCP (RFC 9329 §6.6): they do not encode.
///
/// ```
/// use ipsec_types::{Datagram, Encode, TcpFrame, Writer};
///
/// let mut buf = [0; 16];
/// let mut out = Writer::new(&mut buf);
/// TcpFrame(Datagram::Ike(&[7, 7])).encode(&mut out)?;
/// assert_eq!(out.written(), [0, 8, 0, 0, 0, 0, 7, 7]);
/// # Ok::<(), ipsec_types::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFrame<'a>(
    /// What it holds.
    pub Datagram<'a>,
);

impl TcpFrame<'_> {
    /// Octets of the length field.
    pub const LENGTH_LEN: usize = 2;
    /// The longest IKE message with its marker, or ESP packet, in octets.
    pub const MAX_CONTENT: usize = 65_533;

    /// The length field in front of `content_len` octets: an ESP packet, or an IKE message with its marker. For whoever puts
    /// it in front of a packet in place.
    ///
    /// # Errors
    ///
    /// [`EncodeError::FieldOverflow`] past [`MAX_CONTENT`](Self::MAX_CONTENT).
    pub fn length_field(content_len: usize) -> Result<[u8; 2], EncodeError> {
        let length = content_len.saturating_add(Self::LENGTH_LEN);
        let overflow = EncodeError::FieldOverflow { field: "Length", length };
        u16::try_from(length).map(u16::to_be_bytes).map_err(|_| overflow)
    }
}

impl Encode for TcpFrame<'_> {
    fn encoded_len(&self) -> usize {
        match self.0 {
            Datagram::Ike(message) => {
                message.len().saturating_add(Self::LENGTH_LEN).saturating_add(NON_ESP_MARKER.len())
            }
            Datagram::Esp(packet) => packet.len().saturating_add(Self::LENGTH_LEN),
            Datagram::Keepalive => 0,
        }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let (marker, content) = match self.0 {
            Datagram::Ike(message) => (&NON_ESP_MARKER[..], message),
            Datagram::Esp(packet) => (&[][..], packet),
            Datagram::Keepalive => return Err(EncodeError::Invalid("keepalive in a TCP stream")),
        };
        out.put(&Self::length_field(marker.len().saturating_add(content.len()))?)?;
        out.put(marker)?;
        out.put(content)
    }
}

/// Cuts a TCP stream into frames (RFC 9329 §3, §4), however its octets come in.
///
/// It holds one frame at most, in a buffer the caller chose: a vector, an array or a borrowed slice. What it hands out goes to
/// [`classify`](crate::classify).
///
/// ```
/// use ipsec_types::{Carrier, Datagram, StreamDecoder, classify};
///
/// let mut decoder = StreamDecoder::accepted([0; 1500]);
/// let mut input = &b"IKETCP\x00\x07\xc0\x01\xca\xfe\x01\x00\x07\x00\x00\x00\x00\x02"[..];
/// let frame = decoder.push(&mut input)?.expect("a frame");
/// assert_eq!(classify(Carrier::Tcp, frame), Some(Datagram::Esp(b"\xc0\x01\xca\xfe\x01")));
/// let frame = decoder.push(&mut input)?.expect("another");
/// assert_eq!(classify(Carrier::Tcp, frame), Some(Datagram::Ike(&[2])));
/// assert_eq!(decoder.push(&mut input)?, None); // all input was taken
/// # Ok::<(), ipsec_types::StreamError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StreamDecoder<B> {
    buf: B,
    part: Part,
    /// Octets of the part that are there.
    filled: usize,
}

/// What comes next in the stream.
#[derive(Clone, Copy, Debug)]
enum Part {
    Prefix,
    Length,
    /// So many octets of content.
    Content(usize),
    /// Nothing any more.
    Broken(StreamError),
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> StreamDecoder<B> {
    /// For a connection that the peer opened: its stream starts with the prefix. Frames longer than `buf` end it.
    pub const fn accepted(buf: B) -> Self {
        Self { buf, part: Part::Prefix, filled: 0 }
    }

    /// For a connection that we opened: the peer sends no prefix.
    pub const fn opened(buf: B) -> Self {
        Self { buf, part: Part::Length, filled: 0 }
    }

    /// Takes octets off the front of `input` until a frame is whole, and yields its content, which may be opened in place. Empty
    /// frames are passed over (RFC 9329 §3). `None` once all of `input` was taken. Call it until then.
    ///
    /// # Errors
    ///
    /// [`StreamError`]: the connection is to be closed (RFC 9329 §3, §4), the same answer comes ever after.
    pub fn push(&mut self, input: &mut &[u8]) -> Result<Option<&mut [u8]>, StreamError> {
        loop {
            let wanted = match self.part {
                Part::Prefix => STREAM_PREFIX.len(),
                Part::Length => TcpFrame::LENGTH_LEN,
                Part::Content(length) => length,
                Part::Broken(error) => return Err(error),
            };
            let buf = self.buf.as_mut();
            let Some(room) = buf.get_mut(self.filled..wanted) else {
                return Err(self.give_up(StreamError::TooLong { length: wanted }));
            };
            let (taken, rest) = input.split_at(room.len().min(input.len()));
            room.iter_mut().zip(taken).for_each(|(to, from)| *to = *from);
            (*input, self.filled) = (rest, self.filled.saturating_add(taken.len()));
            if self.filled < wanted {
                return Ok(None);
            }
            self.filled = 0;
            match (self.part, self.buf.as_ref()) {
                (Part::Prefix, octets) if octets.starts_with(&STREAM_PREFIX) => self.part = Part::Length,
                (Part::Prefix, _) => return Err(self.give_up(StreamError::Prefix)),
                (Part::Length, [high, low, ..]) => {
                    let length = usize::from(u16::from_be_bytes([*high, *low]));
                    let Some(content) = length.checked_sub(TcpFrame::LENGTH_LEN) else {
                        return Err(self.give_up(StreamError::Length));
                    };
                    self.part = Part::Content(content);
                }
                // "Empty messages MUST be silently ignored" (RFC 9329 §3).
                (Part::Content(0), _) => self.part = Part::Length,
                (Part::Content(length), _) => {
                    self.part = Part::Length;
                    return Ok(self.buf.as_mut().get_mut(..length));
                }
                (Part::Length | Part::Broken(_), _) => return Err(self.give_up(StreamError::Length)),
            }
        }
    }

    const fn give_up(&mut self, error: StreamError) -> StreamError {
        self.part = Part::Broken(error);
        error
    }
}

/// Why a TCP stream carries no IKE and ESP any more: close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// It does not start with [`STREAM_PREFIX`].
    #[error("stream without its prefix")]
    Prefix,
    /// A length field below 2, which is its own.
    #[error("frame shorter than its length field")]
    Length,
    /// A frame longer than the buffer.
    #[error("frame of {length} octets is longer than the buffer")]
    TooLong {
        /// Octets of its content.
        length: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Carrier, classify};
    use alloc::vec;
    use alloc::vec::Vec;

    fn stream(contents: &[Datagram<'_>]) -> Vec<u8> {
        let mut stream = STREAM_PREFIX.to_vec();
        for content in contents {
            let frame = TcpFrame(*content);
            let mut buf = vec![0xa5; frame.encoded_len()];
            frame.encode(&mut Writer::new(&mut buf)).unwrap();
            stream.extend(buf);
        }
        stream
    }

    #[test]
    fn rfc9329_3_frames_come_out_however_the_stream_is_cut() {
        let (long, short) = (vec![7; 1000], [0xc0, 1, 2, 3]);
        let contents =
            [Datagram::Ike(&[1]), Datagram::Esp(&long), Datagram::Ike(&long), Datagram::Esp(&short)];
        let stream = stream(&contents);
        for cut in 1..40 {
            let mut decoder = StreamDecoder::accepted(vec![0; 1004]);
            let mut seen = 0;
            for mut input in stream.chunks(cut) {
                while let Some(frame) = decoder.push(&mut input).unwrap() {
                    assert_eq!(classify(Carrier::Tcp, frame), Some(contents[seen]));
                    seen += 1;
                }
                assert!(input.is_empty());
            }
            assert_eq!(seen, contents.len(), "cut every {cut} octets");
        }
    }

    #[test]
    fn rfc9329_4_a_stream_without_the_prefix_is_refused() {
        for at in 0..STREAM_PREFIX.len() {
            let mut octets = stream(&[Datagram::Ike(&[1])]);
            octets[at] ^= 0x20;
            let mut decoder = StreamDecoder::accepted([0; 64]);
            assert_eq!(decoder.push(&mut &octets[..]), Err(StreamError::Prefix));
            assert_eq!(decoder.push(&mut &b"IKETCP"[..]), Err(StreamError::Prefix), "it stays refused");
        }
        // Whoever opened the connection gets none.
        let octets = stream(&[Datagram::Ike(&[1])]);
        let mut decoder = StreamDecoder::opened([0; 64]);
        assert!(decoder.push(&mut &octets[6..]).unwrap().is_some());
    }

    #[test]
    fn rfc9329_3_lengths_that_cannot_be_and_memory_that_stays_bounded() {
        for length in [0u16, 1] {
            let mut decoder = StreamDecoder::opened([0; 8]);
            assert_eq!(decoder.push(&mut &length.to_be_bytes()[..]), Err(StreamError::Length));
        }
        let mut decoder = StreamDecoder::opened([0; 8]);
        assert_eq!(decoder.push(&mut &[0, 10, 1, 2, 3, 4, 5, 6, 7, 8][..]).unwrap().unwrap().len(), 8);
        assert_eq!(decoder.push(&mut &[0, 11][..]), Err(StreamError::TooLong { length: 9 }));
        let mut empty = StreamDecoder::opened([0; 8]);
        let mut input = &[0, 2, 0, 2, 0, 3, 0xff, 0, 2][..];
        let frame = empty.push(&mut input).unwrap().map(|frame| frame.to_vec());
        assert_eq!(frame.as_deref(), Some(&[0xff][..]), "empty frames are ignored, a keepalive is none");
        assert_eq!((empty.push(&mut input), input), (Ok(None), &[][..]));
        let mut none = StreamDecoder::accepted([0; 0]);
        assert!(none.push(&mut &[1][..]).is_err(), "no room for anything");
    }

    #[test]
    fn what_no_frame_holds_does_not_encode() {
        let long = vec![0; TcpFrame::MAX_CONTENT + 1];
        let mut buf = vec![0; 70_000];
        for content in [Datagram::Keepalive, Datagram::Esp(&long), Datagram::Ike(&long[..65_530])] {
            assert!(TcpFrame(content).encode(&mut Writer::new(&mut buf)).is_err());
        }
        assert!(TcpFrame(Datagram::Esp(&long[1..])).encode(&mut Writer::new(&mut buf)).is_ok());
        assert_eq!(TcpFrame::length_field(65_533), Ok([0xff, 0xff]));
    }
}
