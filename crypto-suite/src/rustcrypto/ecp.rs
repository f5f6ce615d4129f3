use super::wrong;
use crate::random::private_key;
use crate::{ActiveKex, CryptoError, KexAlg, KexId, Secret, SecureRandom};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, Curve, CurveArithmetic, FieldBytesSize, PublicKey, SecretKey, ecdh};

/// An ECP group with the curve `C` (RFC 5903, RFC 6954): public values are x | y, the secret is x.
pub(super) struct Ecp<C> {
    id: KexId,
    /// What the first octet of a random string keeps, where the order has fewer bits than its octets.
    first_octet: u8,
    curve: PhantomData<fn() -> C>,
}

impl<C> Ecp<C> {
    pub(super) const fn new(id: KexId, first_octet: u8) -> Self {
        Self { id, first_octet, curve: PhantomData }
    }
}

impl<C> fmt::Debug for Ecp<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id.name())
    }
}

/// What the curves have in common.
pub(super) trait Supported:
    CurveArithmetic<AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>> + Curve<FieldBytesSize: ModulusSize>
{
}

impl<C> Supported for C
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
}

impl<C: Supported + 'static> KexAlg for Ecp<C> {
    fn id(&self) -> KexId {
        self.id
    }

    fn start(&self, rng: &mut dyn SecureRandom) -> Result<Box<dyn ActiveKex>, CryptoError> {
        let make = |octets: &[u8]| SecretKey::<C>::from_slice(octets).ok();
        let private = private_key(rng, self.id.shared_len(), self.first_octet, make)?;
        let point = private.public_key().to_sec1_point(false);
        // The prefix 04 of an uncompressed point stays out (RFC 5903 §7).
        let public = point.as_bytes().get(1..).unwrap_or_default().into();
        Ok(Box::new(Active { id: self.id, private, public }))
    }
}

struct Active<C: Supported> {
    id: KexId,
    private: SecretKey<C>,
    public: Box<[u8]>,
}

impl<C: Supported> fmt::Debug for Active<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key pair", self.id)
    }
}

impl<C: Supported> ActiveKex for Active<C> {
    fn public(&self) -> &[u8] {
        &self.public
    }

    /// Coordinates in range and the point on the curve: checked while it is decoded (RFC 6989 §2.3).
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<Secret, CryptoError> {
        if peer.len() != self.id.response_len() {
            return Err(wrong("public value", peer));
        }
        let point = [&[4], peer].concat();
        let peer = PublicKey::<C>::from_sec1_bytes(&point).map_err(|_| CryptoError::InvalidPublicValue)?;
        let shared = ecdh::diffie_hellman(self.private.to_nonzero_scalar(), peer.as_affine());
        Ok(Secret::copy_from(shared.raw_secret_bytes()))
    }
}
